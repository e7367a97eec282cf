import { records } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { type Change, type Ref, type Store, show } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { jobs, oncePods } from './jobs.ts';

let whole: Store;
beforeAll(async () => {
  whole = memoryStore();
  const ended = await Promise.all(oncePods.map((pod) => runPod(pod, whole)));
  expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
}, 60_000);

function runPod({ job, args, env }: (typeof oncePods)[number], store: Store, ...more: string[]) {
  return runJob(jobs[job]!(), store, { args: [...args, '--timeout=40s', ...more], env });
}

/** A store that holds `data`, and where one record is managed by another program; and the writes to it. */
async function managed(record: Ref, data: readonly (readonly [Ref, Change])[]) {
  const inner = memoryStore();
  for (const [ref, change] of data) await inner.write(ref, change);
  const writes: string[] = [];
  const store: Store = {
    ...inner,
    read: async (ref) => {
      const found = await inner.read(ref);
      const owner = show(ref) === show(record) ? 'ExternalSecret theirs' : undefined;
      return found && { ...found, owner };
    },
    write: (ref, ...rest) => {
      writes.push(show(ref));
      return inner.write(ref, ...rest);
    },
  };
  return { store, writes };
}

/** What the whole stack holds but what a Job makes, and of that the record, with nothing in it. */
async function withoutWorkOf(job: string, record: Ref) {
  const others = records.filter(({ madeBy }) => madeBy !== job);
  const data = await Promise.all(
    others.map(async (ref) => [ref, (await whole.read(ref)) ?? {}] as const),
  );
  return managed(record, [...data, [record, {}]]);
}

/** Each record, and the Pod that makes it. */
const made = records.flatMap((record) => {
  const pod = oncePods.find(
    ({ job, namespace, env }) =>
      job === record.madeBy &&
      (record.name === 'trillian-mysql'
        ? env.CREATESECRET_COPY_TO !== undefined
        : namespace === record.namespace),
  );
  return pod ? [{ place: show(record), record, pod }] : [];
});

describe('a record that another program manages', () => {
  it('is each one of the stack', () => {
    expect(made).toHaveLength(records.length);
  });

  it.each(made)(
    'gets nothing from us where it is empty: $place',
    async ({ place, record, pod }) => {
      const { store, writes } = await withoutWorkOf(pod.job, record);
      const { status, stderr } = await runPod(pod, store);
      expect({ status, writes }).toEqual({ status: 78, writes: [] });
      expect(stderr).toContain(`${place} is managed by ExternalSecret theirs, but `);
    },
  );

  it.each(made)('is as good as ours where it is whole: $place', async ({ record, pod }) => {
    const data = await Promise.all(
      records.map(async (ref) => [ref, (await whole.read(ref)) ?? {}] as const),
    );
    const { store, writes } = await managed(record, data);
    const { status, stderr } = await runPod(pod, store);
    expect({ status, stderr, writes }).toMatchObject({ status: 0, writes: [] });
  });
});
