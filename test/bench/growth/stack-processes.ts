import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { run } from '../../cluster/rig.ts';
import type { StoredObject } from '../../faults/history.ts';
import { type Lane, type LaneJob, openLane } from '../../faults/lane.ts';
import { binary } from '../../programs/binaries.ts';
import { startKubeApiServer } from '../../programs/kube-apiserver.ts';
import { startTrillian } from '../../programs/trillian.ts';
import { argumentsFor } from '../cost/loopback.ts';
import { jobCommand, processes } from '../cost/process.ts';
import { crossTalk } from './cross-talk.ts';
import { byStack, conflictsIn, type Outcome } from './stack-manifests.ts';

/** As many Pods as a node takes, unless it is told otherwise. */
const atOnce = 110;

/** The Jobs of many stacks as processes of this machine, stack after stack as far as there is room. */
export async function stacksAsProcesses(work: string, count: number): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const api = await startKubeApiServer();
  stack.defer(api.stop);
  const trillian = await startTrillian();
  stack.defer(trillian.stop);
  const names = Array.from({ length: count }, (_, index) => `b12-${index + 1}`);
  const lanes: Lane[] = [];
  await inParallel(names, 4, async (name) => {
    lanes.push(await openLane(name, api.kubeconfig));
  });
  const kubectl = async (...args: string[]) =>
    (await run(binary('kubectl'), ['--kubeconfig', api.kubeconfig, ...args])).stdout;
  const conflicts = async () => conflictsIn(await kubectl('get', '--raw', '/metrics'));
  const all = await processes(work);
  const failures: string[] = [];
  const start = async (lane: LaneJob) => {
    const { job, title, namespace, token, env } = lane;
    const identity = { ...api, namespace, token };
    const command = [...jobCommand(job), ...argumentsFor(lane, trillian.address)];
    const { status, log } = await all.measure(command, { identity, env });
    if (status !== 0) failures.push(`${title} in ${namespace}: ${log}`);
  };

  const before = await conflicts();
  const begun = performance.now();
  await inParallel(
    lanes.flatMap(({ jobs }) => jobs),
    atOnce,
    start,
  );
  const seconds = (performance.now() - begun) / 1_000;
  const config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  const objects = await everything(config.makeApiClient(CoreV1Api));
  return {
    seconds,
    failed: failures.length,
    conflicts: (await conflicts()) - before,
    crossed: [...failures, ...crossTalk(byStack(names, objects))],
  };
}

/** Some at once, in their order. */
async function inParallel<T>(
  all: readonly T[],
  most: number,
  act: (one: T) => Promise<void>,
): Promise<void> {
  const left = all.values();
  const worker = async () => {
    for (const one of left) await act(one);
  };
  await Promise.all(Array.from({ length: most }, worker));
}

async function everything(api: CoreV1Api): Promise<StoredObject[]> {
  const [secrets, configMaps] = await Promise.all([
    api.listSecretForAllNamespaces(),
    api.listConfigMapForAllNamespaces(),
  ]);
  // A list's objects come without their kind.
  const of = (kind: string, items: object[]) =>
    items.map((item) => ({ ...item, kind }) as StoredObject);
  return [...of('Secret', secrets.items), ...of('ConfigMap', configMaps.items)];
}
