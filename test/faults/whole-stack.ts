import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording } from '@sigstand/store/recording';
import { type Ref, show } from '@sigstand/store/store';
import { argsInPod, jobs, oncePods } from '../jobs.ts';
import type { StoredObject } from './history.ts';

/** What the Jobs leave, run once in memory, as the API server would tell of it. */
export async function wholeStack(): Promise<StoredObject[]> {
  const store = memoryStore();
  const refs = new Map<string, Ref>();
  const noting = recording(store, ({ ref }) => {
    if (ref.kind === 'Secret' || ref.kind === 'ConfigMap') {
      refs.set(show(ref), { ...ref, kind: ref.kind });
    }
  });
  await Promise.all(
    oncePods.map(async (pod) => {
      const { status, stderr } = await runJob(jobs[pod.job]!(), noting, {
        args: argsInPod(pod),
        env: pod.env,
      });
      if (status !== 0) throw new Error(stderr);
    }),
  );
  return Promise.all([...refs.values()].map((ref) => objectOf(ref, store)));
}

async function objectOf(ref: Ref, store: ReturnType<typeof memoryStore>): Promise<StoredObject> {
  const { data = {}, annotations = {} } = (await store.read(ref)) ?? {};
  const text = (value: Uint8Array) => Buffer.from(value).toString('base64');
  const values = Object.fromEntries(Object.entries(data).map(([key, one]) => [key, text(one)]));
  const metadata = { ...ref, uid: '', resourceVersion: '1', labels: { theirs: 'l' }, annotations };
  // As Secrets keep it; for ConfigMaps that is binaryData.
  return ref.kind === 'Secret'
    ? { kind: ref.kind, metadata, data: values }
    : { kind: ref.kind, metadata, binaryData: values };
}
