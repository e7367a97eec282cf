import type { CoreV1Api } from '@kubernetes/client-node';
import {
  type Mariadb,
  type RunningTrillian,
  startMariadb,
  startTrillian,
} from '../programs/trillian.ts';
import { startApiProxy, type Upstream } from './api-proxy.ts';
import { type History, openHistory, placeOf, type StoredObject } from './history.ts';
import { type Lane, type LaneJob, openLane } from './lane.ts';
import { type Ended, type JobOptions, startJob, writeKubeconfig } from './process.ts';
import { type Faults, Traffic } from './requests.ts';
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
  /** Leaves in the lane what the Job reads and does not write; resolves to a way back to that state. */
  prepare(job: LaneJob): Promise<Prepared>;
  /** Ids of the trees that are live in Trillian, and that no ConfigMap of the lane names. */
  unreferencedTrees(): Promise<string[]>;
  close(): Promise<void>;
}

export interface RunOptions extends Partial<Pick<JobOptions, 'env' | 'under'>> {
  readonly faults?: Faults;
  /** After the Job's own. */
  readonly args?: readonly string[];
  readonly token?: string;
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

  const run: Harness['run'] = (job, options = {}) =>
    runThrough({ upstream, trillian }, job, options);
  const state: Harness['state'] = async () => {
    await history.mark();
    return history.state();
  };

  const runs = await Promise.all(lane.jobs.map(async (job) => ({ job, ...(await run(job)) })));
  for (const { job, status, stderr } of runs) {
    if (status !== 0) throw new Error(`${job.title} without a fault: ${status}\n${stderr}`);
  }
  const whole = [...(await state()).values()];
  const touched = new Map(runs.map(({ job, traffic }) => [job, placesOf(traffic)]));

  const prepare: Harness['prepare'] = async (job) => {
    const { read, written } = touched.get(job) ?? { read: new Set(), written: new Set() };
    const inputs = whole.filter((one) => read.has(placeOf(one)) && !written.has(placeOf(one)));
    for (const object of (await state()).values()) await remove(lane.admin, object);
    for (const object of inputs) await create(lane.admin, object);
    trillian.query('UPDATE Trees SET Deleted = true, DeleteTimeMillis = 1');
    const kept = new Set(inputs.map(placeOf));
    return {
      outputs: whole.filter((one) => written.has(placeOf(one))),
      reset: async (put = []) => {
        for (const [place, object] of await state())
          if (!kept.has(place)) await remove(lane.admin, object);
        for (const object of put) await create(lane.admin, object);
        trillian.query('UPDATE Trees SET Deleted = true, DeleteTimeMillis = 1');
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
    prepare,
    unreferencedTrees,
    close: () => opened.disposeAsync(),
  };
  return harness;
}

/** Runs a Job through proxies of its own. */
async function runThrough(
  { upstream, trillian }: { upstream: Upstream; trillian: RunningTrillian },
  job: LaneJob,
  { faults, args = [], token = job.token, ...process }: RunOptions,
): Promise<Run> {
  await using stack = new AsyncDisposableStack();
  const traffic = new Traffic(faults);
  const api = await startApiProxy(upstream, traffic);
  stack.defer(api.close);
  const kubeconfig = await writeKubeconfig(api, token);
  stack.defer(kubeconfig.remove);
  const all = [...job.args];
  if (job.job === 'createtree') {
    const proxy = await startTrillianProxy(trillian.address, traffic);
    stack.defer(proxy.close);
    all.push(`--admin-server=${proxy.address}`);
  }
  const started = startJob(job.job, {
    ...process,
    args: [...all, ...args],
    kubeconfig: kubeconfig.path,
  });
  traffic.victim = started.child;
  return { ...(await started.ended), traffic };
}

function placesOf({ requests }: Traffic) {
  const places = (writes: boolean) =>
    new Set(
      requests
        .filter((one) => one.to === 'kubernetes' && one.writes === writes)
        .map(({ what }) => what.replace(/^\w+ /, '')),
    );
  return { read: places(false), written: places(true) };
}

function remove(admin: CoreV1Api, { kind, metadata: { name, namespace } }: StoredObject) {
  const ref = { name, namespace };
  return kind === 'Secret'
    ? admin.deleteNamespacedSecret(ref)
    : admin.deleteNamespacedConfigMap(ref);
}

function create(admin: CoreV1Api, { metadata, ...object }: StoredObject) {
  const { name, namespace, labels, annotations } = metadata;
  const body = {
    ...object,
    metadata: { name, ...(labels && { labels }), ...(annotations && { annotations }) },
  };
  return object.kind === 'Secret'
    ? admin.createNamespacedSecret({ namespace, body })
    : admin.createNamespacedConfigMap({ namespace, body });
}
