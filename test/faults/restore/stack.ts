import { createPrivateKey } from 'node:crypto';
import { records } from '@sigstand/contracts/records';
import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { createTuf } from '@sigstand/createtuf/job';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { type Snapshot, type Store, show } from '@sigstand/store/store';
import { argsInPod, type JobPod, jobs, oncePods } from '../../jobs.ts';

/** What the Jobs of one stack left: its records by their names, and its trees with their entries. */
export interface Whole {
  readonly records: ReadonlyMap<string, Snapshot>;
  readonly trees: ReadonlyMap<string, Tree>;
}

type Tree = ReturnType<ReturnType<typeof memoryTrillian>['live']>[number];

/** What is left of a stack: the names of its records, and whether its database is there. */
export interface Subset {
  readonly kept: ReadonlySet<string>;
  readonly database: boolean;
}

/** A cluster with a Trillian. */
export interface World {
  readonly store: Store;
  readonly trillian: ReturnType<typeof memoryTrillian>;
}

export interface Ended {
  readonly title: string;
  readonly status: number;
  /** The last line of its log. */
  readonly said: string;
}

export const names: readonly string[] = records.map(show);

/** The Jobs in the order in which one can go on from the other without waiting. */
const order = [
  'trillian-system/createsecret',
  'rekor-system/createtree',
  'ctlog-system/createtree',
  'rekor-system/createsecret',
  'fulcio-system/createcerts',
  'ctlog-system/createctconfig',
  'tsa-system/createcertchain',
  'tuf-system/copysecrets',
  'tuf-system/createtuf',
];

export const pods: readonly JobPod[] = order.map((title) => {
  const [namespace, job] = title.split('/');
  const found = oncePods.find((pod) => pod.namespace === namespace && pod.job === job);
  if (found === undefined) throw new Error(`the manifests have no Job ${title}`);
  return found;
});

/** Runs one Job as its Pod does; what is not there now does not come. */
export async function runPod(pod: JobPod, { store, trillian }: World): Promise<Ended> {
  const own: Record<string, () => ReturnType<typeof createTree>> = {
    createtree: () => createTree({ connect: () => trillian.trillian, newToken }) as never,
    createtuf: () => createTuf({ check: async () => {} }) as never,
  };
  const job = (own[pod.job] ?? jobs[pod.job])?.();
  if (job === undefined) throw new Error(`no Job ${pod.job}`);
  const args = [...argsInPod(pod), '--timeout=1ms'];
  const { status, stderr } = await runJob(job, store, { args, env: pod.env });
  const said = stderr.trimEnd().split('\n').at(-1) ?? '';
  return { title: `${pod.namespace}/${pod.job}`, status, said };
}

export async function runAll(world: World): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (const pod of pods) ended.push(await runPod(pod, world));
  return ended;
}

/** A stack that signs: each of its two trees has entries. */
export async function wholeStack(): Promise<Whole> {
  const world = { store: memoryStore(), trillian: memoryTrillian() };
  const failed = (await runAll(world)).filter(({ status }) => status !== 0);
  if (failed.length > 0) throw new Error(JSON.stringify(failed));
  for (const { id } of world.trillian.live()) world.trillian.change(id, { size: 7n });
  const all = await contents(world.store);
  return { records: opened(all), trees: new Map(world.trillian.trees) };
}

export async function contents(store: Store): Promise<Map<string, Snapshot>> {
  const found = await Promise.all(
    records.map(async (ref) => [show(ref), await store.read(ref)] as const),
  );
  return new Map(found.flatMap(([name, one]) => (one ? [[name, one] as const] : [])));
}

/** The cluster after that subset was restored into an empty one. */
export async function restored(whole: Whole, { kept, database }: Subset): Promise<World> {
  const [store, trillian] = [memoryStore(), memoryTrillian()];
  for (const ref of records) {
    const one = whole.records.get(show(ref));
    if (one && kept.has(show(ref))) await store.write(ref, one);
  }
  if (database) for (const [id, tree] of whole.trees) trillian.trees.set(id, tree);
  return { store, trillian };
}

const sealed = [
  ['Secret rekor-system/rekor-signing-secret', 'signing-secret', 'signing-secret-password'],
  ['Secret fulcio-system/fulcio-secrets', 'private', 'password'],
  ['Secret tsa-system/tsa-cert-chain', 'signing-secret', 'signing-secret-password'],
] as const;

/** The same with keys that are not sealed, as users may bring them: opening a seal takes its time. */
function opened(all: Map<string, Snapshot>): Map<string, Snapshot> {
  for (const [name, key, password] of sealed) {
    const one = all.get(name);
    const [pem, phrase] = [one?.data[key], one?.data[password]];
    if (!one || !pem || !phrase) throw new Error(`${name} lacks ${key} or ${password}`);
    const privateKey = createPrivateKey({
      key: Buffer.from(pem),
      passphrase: Buffer.from(phrase).toString(),
    });
    const plain = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    all.set(name, { ...one, data: { ...one.data, [key]: new Uint8Array(Buffer.from(plain)) } });
  }
  return all;
}
