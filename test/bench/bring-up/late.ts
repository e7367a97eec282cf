import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Rig } from '../../cluster/rig.ts';
import { type Manifest, manifestsIn } from '../../stack.ts';
import type { Bench, Benchmark } from '../benchmark.ts';
import type { Figure } from '../figure.ts';
import { openRuntimeWatch } from './containers.ts';
import { type Lane, lanes, type Mark, marks } from './lanes.ts';
import { emptyCluster } from './reset.ts';
import { clock, openWatch } from './watch.ts';
import { bringUpBy, possible } from './ways.ts';

/** Who waits for what: the time between the two must not grow with the wait. */
const gates = [
  { input: 'the database', consumer: 'log-server' },
  { input: 'Secret fulcio-secrets', consumer: 'fulcio' },
  { input: 'the TreeID', consumer: 'rekor' },
  { input: 'Secret ctlog-secrets', consumer: 'ctlog' },
  { input: 'Secret tuf-root', consumer: 'tuf' },
] as const;
type Input = (typeof gates)[number]['input'];

const ways = ['ours, stages', 'ours, one apply', 'peer v0.7.31, one apply'] as const;
type Way = (typeof ways)[number];

/** B3: inputs held back, by Jobs that may not start yet; from an input to its consumer running. */
export const late: Benchmark = {
  ids: ['B3'],
  title: 'late inputs: from an input to its consumer running',
  ground: 'empty',
  profiles: ['full'],
  async run(bench) {
    const delays = bench.profile === 'quick' ? [40] : [5, 20, 40, 60, 120];
    const figures: Figure[] = [];
    const known = possible(bench, ways);
    if (!bench.peer)
      bench.missing('late inputs of the peer', 'no --peer CHECKOUT of v0.7.31 was given');
    for (const seconds of delays) {
      const read = new Map<Way, Partial<Record<Input, number>>>();
      for (const way of known) {
        try {
          read.set(way, await attempt(bench, way, seconds));
        } catch (error) {
          if (way.startsWith('ours')) throw error;
          bench.missing(`${way}, inputs ${seconds} s late`, (error as Error).message);
        }
      }
      figures.push(...figuresOf(seconds, read));
    }
    figures.push(await withoutDatabase(bench));
    await emptyCluster(bench.cluster);
    return figures;
  },
};

/** From one apply to the TUF root, with a database that never comes. */
async function withoutDatabase({
  cluster,
  manifests,
  rounds,
  profile,
  say,
}: Bench): Promise<Figure> {
  const ours: number[] = [];
  for (let round = 0; round < (rounds ?? (profile === 'quick' ? 3 : 5)); round += 1) {
    await emptyCluster(cluster);
    await hold(cluster, manifests, first.slice(0, 1));
    const watch = await openWatch(cluster, ['secrets']);
    try {
      const applied = clock();
      await cluster.kubectl('apply', '-f', manifests);
      const wait = ['wait', '--for=create', 'secret/tuf-root', '-n', 'tuf-system'];
      await cluster.kubectl(...wait, '--timeout=60s');
      const root = marks(watch.changes, applied).find(({ what }) =>
        /tuf-system\/tuf-root/.test(what),
      );
      if (!root) throw new Error('the Secret tuf-system/tuf-root was not seen');
      ours.push(root.at);
    } finally {
      await watch.close();
    }
    say(`TUF root without a database: ${ours.at(-1)?.toFixed(0)} ms`);
  }
  return {
    ...{
      id: 'B3',
      title: 'one apply to Secret tuf-root, the database held back',
      unit: 'ms',
      ours,
    },
    anchor: 'the peer’s root needs its database: never; the platform’s floor 2,800',
    goals: [{ id: 'P5', of: 'median', atMost: 6_000 }],
  };
}

async function attempt(bench: Bench, way: Way, seconds: number) {
  const { cluster, manifests, peer, say } = bench;
  await emptyCluster(cluster);
  const folder = way === 'peer v0.7.31, one apply' && peer ? peer.manifests : manifests;
  const held = await hold(cluster, folder);
  const watch = await openWatch(cluster, ['pods', 'jobs', 'secrets', 'configmaps']);
  const runtime = await openRuntimeWatch(cluster);
  try {
    const applied = clock();
    const done = bringUpBy(bench, way, `late-${seconds}`);
    // Whoever fails while it is held back fails the attempt, not the process.
    done.catch(() => {});
    await sleep(seconds * 1000);
    await release(cluster, held);
    await done;
    const all = lanes(watch.changes, runtime.events, applied);
    const waited = waits(all, marks(watch.changes, applied));
    const told = Object.entries(waited).map(([input, ms]) => `${input} ${ms.toFixed(0)} ms`);
    say(`${way}, ${seconds} s late: ${told.join(', ')}`);
    return waited;
  } finally {
    await runtime.close();
    await watch.close();
  }
}

/** Jobs at the beginning of each way: everything after them comes late too. */
const first = [
  { namespace: 'trillian-system', names: ['createsecret', 'createdb'] },
  { namespace: 'fulcio-system', names: ['createcerts'] },
  { namespace: 'rekor-system', names: ['createtree'] },
] as const;

/** Makes the first Jobs before anybody else does, so that they may not start. Apply leaves that as it is. */
async function hold(
  cluster: Rig,
  folder: string,
  which: readonly (typeof first)[number][] = first,
): Promise<Manifest[]> {
  const all = manifestsIn(folder);
  const held = which.flatMap(({ namespace, names }) => {
    const isOne = ({ kind, metadata }: Manifest) =>
      kind === 'Job' &&
      metadata.namespace === namespace &&
      names.some((name) => name === metadata.name);
    return all.filter(isOne).slice(0, 1);
  });
  // The peer's files name theirs more than once.
  const namespaces = new Map(
    all.filter(({ kind }) => kind === 'Namespace').map((one) => [one.metadata.name, one]),
  );
  const suspended = held.map((job) => ({ ...job, spec: { ...job.spec, suspend: true } }));
  const text = [...namespaces.values(), ...suspended]
    .map((object) => stringify(object))
    .join('---\n');
  await cluster.must(['kubectl', 'create', '-f', '-'], { input: text });
  return held;
}

async function release(cluster: Rig, held: readonly Manifest[]): Promise<void> {
  for (const { metadata } of held) {
    const job = ['job', metadata.name, '-n', metadata.namespace ?? ''];
    await cluster.kubectl('patch', ...job, '-p', '{"spec":{"suspend":false}}');
  }
}

/** @returns Milliseconds by input, of those that were seen. */
function waits(all: readonly Lane[], seen: readonly Mark[]): Partial<Record<Input, number>> {
  const came = (text: string) => seen.find(({ what }) => what.startsWith(text))?.at;
  const running = (app: string) => {
    const lane = all.find(({ pod }) => new RegExp(`/${app}-`).test(pod));
    return lane?.containers.find(({ init }) => !init)?.started;
  };
  const database = all.find(({ pod }) => /\/mysql/.test(pod));
  const inputs: Record<Input, number | undefined> = {
    'the database': database?.ready,
    'Secret fulcio-secrets': came('Secret fulcio-system/fulcio-secret'),
    'the TreeID': seen.find(({ what }) => /^ConfigMap rekor-system\/.*treeID/.test(what))?.at,
    'Secret ctlog-secrets': came('Secret ctlog-system/ctlog-secret'),
    'Secret tuf-root': came('Secret tuf-system/tuf-root'),
  };
  return Object.fromEntries(
    gates.flatMap(({ input, consumer }) => {
      const [from, to] = [inputs[input], running(consumer)];
      return from === undefined || to === undefined ? [] : [[input, Math.max(0, to - from)]];
    }),
  );
}

function figuresOf(
  seconds: number,
  read: ReadonlyMap<Way, Partial<Record<Input, number>>>,
): Figure[] {
  const theirs = read.get('peer v0.7.31, one apply');
  return gates.flatMap(({ input, consumer }) =>
    (['ours, stages', 'ours, one apply'] as const).flatMap((way): Figure[] => {
      const ours = read.get(way)?.[input];
      const peer = theirs?.[input];
      if (ours === undefined) return [];
      const staged = way === 'ours, stages';
      return [
        {
          id: 'B3',
          title: `${way}, inputs ${seconds} s late: ${input} → ${consumer} running`,
          unit: 'ms',
          ours: [ours],
          ...(peer !== undefined && { peer: [peer] }),
          anchor: 'a mount that failed is tried again after up to as long as was waited',
          ...(staged && { goals: [{ id: 'P3', of: 'max', atMost: 3_000 }] }),
        },
      ];
    }),
  );
}
