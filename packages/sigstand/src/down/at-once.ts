const most = 6; // requests: more of them make none of them quicker on a small control plane

/** Does the same with each, a few at once, to the results in their order. */
export async function atOnce<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = all.entries();
  const worker = async () => {
    for (const [index, one] of queue) results[index] = await work(one);
  };
  await Promise.all(Array.from({ length: most }, worker));
  return results;
}
