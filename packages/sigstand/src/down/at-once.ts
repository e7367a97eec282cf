const most = 6; // requests: more of them make none of them quicker on a small control plane

/** Does the same with each, a few at once, to the results in their order. After a failure it begins no more, and waits. */
export async function atOnce<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const queue = all.entries();
  const worker = async () => {
    for (const [index, one] of queue) {
      if (failures.length > 0) return;
      results[index] = await work(one);
    }
  };
  const workers = Array.from({ length: most }, () =>
    worker().catch((error: unknown) => {
      failures.push(error);
    }),
  );
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
  return results;
}
