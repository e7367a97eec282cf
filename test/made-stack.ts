import { createTuf } from '@sigstand/createtuf/job';
import type { Job } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { type Ref, type Snapshot, type Store, show } from '@sigstand/store/store';
import { argsInPod, type JobPod, jobPodsOf, jobs } from './jobs.ts';
import type { Manifest } from './stack.ts';

/* What the real Jobs make, in memory. */

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** A Job as it is in these tests: what a real client says to each repository is asked elsewhere. */
export function jobFor({ job }: JobPod): Job {
  return job === 'createtuf' ? createTuf({ check: async () => {} }) : jobs[job]!();
}

const pristine = new Map<readonly Manifest[], Promise<Records>>();

/** When the stack began. */
export const begin = Date.parse('2031-01-01T00:00:00Z');

type Records = readonly (readonly [Ref, Snapshot])[];

/** What the Jobs of some manifests have made, once for all tests of a file. */
export function madeBy(objects: readonly Manifest[]): Promise<Records> {
  const known = pristine.get(objects) ?? madeAt(objects, begin);
  pristine.set(objects, known);
  return known;
}

/** What they make at a time, in milliseconds since 1970. */
export async function madeAt(objects: readonly Manifest[], time: number): Promise<Records> {
  const all = memoryStore();
  const refs = new Map<string, Ref>();
  const store: Store = {
    ...all,
    async write(ref, change, replacing) {
      refs.set(show(ref), ref);
      await all.write(ref, change, replacing);
    },
  };
  for (const { kind, metadata, ...rest } of objects) {
    if (kind !== 'ConfigMap') continue;
    const { data = {} } = rest as { data?: Record<string, string> };
    const entries = Object.entries(data).map(([key, value]) => [key, bytes(value)]);
    const ref: Ref = {
      kind: 'ConfigMap',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
    };
    await store.write(ref, { data: Object.fromEntries(entries) });
  }
  const once = jobPodsOf(objects).filter(({ owner }) => owner.kind === 'Job');
  await Promise.all(
    once.map(async (pod) => {
      const args = [...argsInPod(pod), '--timeout=40s'];
      const now = () => new Date(time);
      const { status, stderr } = await runJob(jobFor(pod), store, { args, env: pod.env, now });
      if (status !== 0) throw new Error(stderr);
    }),
  );
  return Promise.all(
    [...refs.values()].map(async (ref) => [ref, (await all.read(ref)) as Snapshot] as const),
  );
}
