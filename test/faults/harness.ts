import type { ChildProcess } from 'node:child_process';
import type { CoreV1Api } from '@kubernetes/client-node';
import {
  type Mariadb,
  type RunningTrillian,
  startMariadb,
  startTrillian,
} from '../programs/trillian.ts';
import { startApiProxy, type Upstream } from './api-proxy.ts';
import type { Seen } from './canary-places.ts';
import { type History, openHistory, placeOf, type StoredObject } from './history.ts';
import { asPod, byKubeconfig } from './identity.ts';
import { type Lane, type LaneJob, openLane } from './lane.ts';
import { type Ended, type JobOptions, startJob } from './process.ts';
import { figure } from './profile.ts';
import { type Faults, Traffic } from './requests.ts';
import { toldSecrets } from './told.ts';
import { startTrillianProxy } from './trillian-proxy.ts';

/** One lane with a Trillian of its own, and the means to run its Jobs under faults. */
export interface Harness {
  readonly lane: Lane;
  readonly history: History;
  readonly trillian: RunningTrillian;
  /** Runs a Job to its end, with its real rights, through the proxies. */
  run(job: LaneJob, options?: RunOptions): Promise<Run>;
  /** What is stored in the lane now. */
  state(): Promise<Map<string, StoredObject>>;
  /** What the Job reads and does not write, as the clean bring-up left it. */
  inputs(job: LaneJob): readonly StoredObject[];
  /** Leaves in the lane what the Jobs read and do not write; resolves to a way back to that state. */
  prepare(...jobs: LaneJob[]): Promise<Prepared>;
  /** The Jobs in the order of their inputs: none reads what another of its wave writes. */
  readonly waves: readonly (readonly LaneJob[])[];
  /** What the Job wrote in the clean bring-up. */
  outputsOf(job: LaneJob): readonly StoredObject[];
  /** Deletes as the cluster's administrator. */
  remove(objects: readonly StoredObject[]): Promise<void>;
  /** Ids of the trees that are live in Trillian, and that no ConfigMap of the lane names. */
  unreferencedTrees(): Promise<string[]>;
  /** @throws {Error} Where a secret was told by a Job, or beside an object's data. */
  close(): Promise<void>;
}

export interface RunOptions extends Partial<Pick<JobOptions, 'env' | 'under'>> {
  readonly faults?: Faults;
  /** After the Job's own. */
  readonly args?: readonly string[];
  readonly token?: string;
  /** A file with the token, which the Job reads in place of `token`. */
  readonly tokenFile?: string;
  /** Not in a Pod: it finds the API server by a kubeconfig. */
  readonly outside?: boolean;
  /** Where its proxies listen; 127.0.0.1 unless told. */
  readonly address?: string;
  /** The host name that it is told for that address. */
  readonly hostname?: string;
  readonly onStart?: (child: ChildProcess) => void;
}

export interface Run extends Ended {
  readonly traffic: Traffic;
}

export interface Prepared {
  /** The objects that the Job writes. */
  readonly outputs: readonly StoredObject[];
  /** Takes back what runs of the Job have left; `put` is there instead. */
  reset(put?: readonly StoredObject[]): Promise<void>;
}

/** @throws {Error} Where the stack does not come up in the lane without any fault. */
export async function openHarness(name: string, upstream: Upstream & { kubeconfig: string }) {
  await using opening = new AsyncDisposableStack();
  const mariadb: Mariadb = await startMariadb();
  opening.defer(mariadb.stop);
  const trillian = await startTrillian({ mariadb });
  opening.defer(trillian.stop);
  const lane = await openLane(name, upstream.kubeconfig);
  const mine = (namespace: string) => namespace.endsWith(`-${name}`);
  const history = await openHistory(upstream.kubeconfig, lane.admin, mine);
  opening.defer(async () => history.close());

  const said: Seen[] = [];
  const run: Harness['run'] = async (job, options = {}) => {
    const ended = await runJob({ upstream, trillian }, job, options);
    said.push([`what ${job.title} said`, ended.stdout + ended.stderr]);
    return ended;
  };
  const state: Harness['state'] = async () => {
    await history.mark();
    return history.state();
  };

  const runs = await Promise.all(lane.jobs.map(async (job) => ({ job, ...(await run(job)) })));
  for (const { job, status, stderr } of runs) {
    if (status !== 0) throw new Error(`${job.title} without a fault: ${status}\n${stderr}`);
  }
  const whole = [...(await state()).values()];
  const tuf = lane.namespace('tuf-system');
  const touched = new Map(runs.map(({ job, traffic }) => [job, placesOf(job, traffic, tuf)]));

  const placesOfAll = (jobs: readonly LaneJob[], which: 'read' | 'written') =>
    new Set(jobs.flatMap((job) => [...(touched.get(job)?.[which] ?? [])]));
  const outputsOf: Harness['outputsOf'] = (job) =>
    whole.filter((one) => placesOfAll([job], 'written').has(placeOf(one)));
  const inputs: Harness['inputs'] = (job) =>
    whole.filter(
      (one) => placesOfAll([job], 'read').has(placeOf(one)) && !outputsOf(job).includes(one),
    );
  const removeAll: Harness['remove'] = async (objects) => {
    await Promise.all(objects.map((object) => remove(lane.admin, object)));
  };

  const removeTrees = () => trillian.query('UPDATE Trees SET Deleted = true, DeleteTimeMillis = 1');
  const prepare: Harness['prepare'] = async (...jobs) => {
    const [read, written] = [placesOfAll(jobs, 'read'), placesOfAll(jobs, 'written')];
    const start = whole.filter((one) => read.has(placeOf(one)) && !written.has(placeOf(one)));
    for (const object of (await state()).values()) await remove(lane.admin, object);
    for (const object of start) await create(lane.admin, object);
    removeTrees();
    const makesTrees = jobs.some(({ job }) => job === 'createtree');
    const kept = new Set(start.map(placeOf));
    return {
      outputs: whole.filter((one) => written.has(placeOf(one))),
      reset: async (put = []) => {
        for (const [place, object] of await state())
          if (!kept.has(place)) await remove(lane.admin, object);
        for (const object of put) await create(lane.admin, object);
        if (makesTrees) removeTrees();
      },
    };
  };

  const unreferencedTrees: Harness['unreferencedTrees'] = async () => {
    const named = [...(await state()).values()].map(({ data }) => data?.treeID);
    const live = trillian.query('SELECT TreeId FROM Trees WHERE Deleted IS NOT TRUE');
    return live.filter((id) => !named.includes(id));
  };
  const opened = opening.move();
  const harness: Harness = {
    lane,
    history,
    trillian,
    run,
    state,
    inputs,
    prepare,
    unreferencedTrees,
    waves: wavesOf(touched),
    outputsOf,
    remove: removeAll,
    close: async () => {
      const events = history.since(0);
      const told = toldSecrets(said, events);
      await opened.disposeAsync();
      if (told.length > 0) throw new Error(`secrets were told: ${JSON.stringify(told)}`);
      figure(
        `told by ${said.length} processes and ${events.length} versions of objects: 0 secrets`,
      );
    },
  };
  return harness;
}

/** Runs a Job through proxies of its own. */
export async function runJob(
  { upstream, trillian }: { upstream: Upstream; trillian: Pick<RunningTrillian, 'address'> },
  job: LaneJob,
  { faults, args = [], token = job.token, tokenFile, outside, ...options }: RunOptions,
): Promise<Run> {
  await using stack = new AsyncDisposableStack();
  const traffic = new Traffic(faults);
  const { address, hostname, onStart, ...process } = options;
  const api = await startApiProxy(upstream, traffic, { address, hostname });
  stack.defer(api.close);
  const identity = await (outside ? byKubeconfig : asPod)({ api, token, tokenFile });
  stack.defer(identity.remove);
  const all = [...job.args];
  if (job.job === 'createtree') {
    const proxy = await startTrillianProxy(trillian.address, traffic, { address, hostname });
    stack.defer(proxy.close);
    all.push(`--admin-server=${proxy.address}`);
  }
  const started = startJob(job.job, {
    ...process,
    env: { ...job.env, ...process.env },
    args: [...all, ...args],
    ...identity.options,
  });
  traffic.victim = started.child;
  onStart?.(started.child);
  return { ...(await started.ended), traffic };
}

type Touched = Map<LaneJob, ReturnType<typeof placesOf>>;

function wavesOf(touched: Touched): LaneJob[][] {
  const waves: LaneJob[][] = [];
  for (let left = [...touched]; left.length > 0; ) {
    const others = (one: LaneJob) => left.filter(([job]) => job !== one);
    const wave = left.filter(([job, { read }]) =>
      others(job).every(([, { written }]) => ![...read].some((place) => written.has(place))),
    );
    if (wave.length === 0) throw new Error('the Jobs wait for one another');
    waves.push(wave.map(([job]) => job));
    left = left.filter((one) => !wave.includes(one));
  }
  if (waves.length === 0) throw new Error('there are no Jobs');
  return waves;
}

/** A look from elsewhere at what clients trust is no input: nothing is waited for there. */
function placesOf({ namespace }: LaneJob, { requests }: Traffic, tuf: string) {
  const isInput = (place: string) => namespace === tuf || !place.includes(` ${tuf}/`);
  const places = (writes: boolean) =>
    new Set(
      requests
        .filter((one) => one.to === 'kubernetes' && one.writes === writes)
        .map(({ what }) => what.replace(/^\w+ /, ''))
        .filter(isInput),
    );
  return { read: places(false), written: places(true) };
}

/** Deletes a Secret or ConfigMap. */
export function remove(admin: CoreV1Api, { kind, metadata: { name, namespace } }: StoredObject) {
  const ref = { name, namespace };
  return kind === 'Secret'
    ? admin.deleteNamespacedSecret(ref)
    : admin.deleteNamespacedConfigMap(ref);
}

/** Creates a Secret or ConfigMap with the names, labels, annotations and data of another. */
export function create(admin: CoreV1Api, { metadata, ...object }: StoredObject) {
  const { name, namespace, labels, annotations } = metadata;
  const body = {
    ...object,
    metadata: { name, ...(labels && { labels }), ...(annotations && { annotations }) },
  };
  return object.kind === 'Secret'
    ? admin.createNamespacedSecret({ namespace, body })
    : admin.createNamespacedConfigMap({ namespace, body });
}
