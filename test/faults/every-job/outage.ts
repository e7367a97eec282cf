import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type KubeApiServer, startKubeApiServer } from '../../programs/kube-apiserver.ts';
import { type RunningTrillian, startTrillian } from '../../programs/trillian.ts';
import { violations } from '../checker.ts';
import { type Harness, runJob } from '../harness.ts';
import { type History, openHistory, type StoredObject } from '../history.ts';
import { figure, patience } from '../profile.ts';
import { type JobRun, otherThan, runAll } from './all.ts';
import { openEmptyLane } from './empty-lane.ts';

/** What befalls an API server as a whole, done to one of its own while all Jobs run. */
export interface Outage {
  /** It is killed at the first write, and comes back two seconds later. */
  kill(): Promise<void>;
  /** Its etcd answers nothing for 20 s from the first write on. */
  freeze(): Promise<void>;
  close(): Promise<void>;
}

const second = 1_000;

export async function openOutage(): Promise<Outage> {
  await using opening = new AsyncDisposableStack();
  const server = await startKubeApiServer();
  opening.defer(server.stop);
  const trillian = await startTrillian();
  opening.defer(trillian.stop);
  const here: Here = {
    server,
    trillian,
    run: (job, options = {}) => runJob({ upstream: server, trillian }, job, options),
    treeIds: new Set(),
  };
  const opened = opening.move();
  // One after the other, whoever comes first.
  let before: Promise<unknown> = Promise.resolve();
  const inTurn = (act: (here: Here) => Promise<void>) => () => {
    const turn = before.then(() => act(here));
    before = turn.catch(() => {});
    return turn;
  };
  return { kill: inTurn(kill), freeze: inTurn(freeze), close: () => opened.disposeAsync() };
}

interface Here extends Pick<Harness, 'run'> {
  readonly server: KubeApiServer;
  readonly trillian: RunningTrillian;
  /** That a ConfigMap names. */
  readonly treeIds: Set<string | undefined>;
}

async function kill(here: Here): Promise<void> {
  const { server } = here;
  const { lane, history: earlier, close } = await openEmptyLane('restart', server.kubeconfig);
  await using closing = new AsyncDisposableStack();
  closing.defer(async () => close());
  let down: Promise<void> | undefined;
  let later: Promise<History> | undefined;
  const restart = async () => {
    await sleep(2 * second);
    await server.start();
    const mine = (namespace: string) => namespace.endsWith('-restart');
    return openHistory(server.kubeconfig, lane.admin, mine);
  };
  const runs = await runAll(here, lane.jobs, () => ({
    faults: ({ to, writes }) => {
      if (down || to !== 'kubernetes' || !writes) return undefined;
      down = server.kill();
      later = down.then(restart);
      return { kind: 'hold', until: down };
    },
  }));
  const history = await later;
  closing.defer(async () => history?.close());
  await history?.mark();
  const events = [...earlier.since(0), ...(history?.since(0) ?? [])];
  const state = history?.state() ?? new Map();
  await expectNothingTwice(here, runs, { state, faults: violations(new Map(), events) });
  const waited = runs.filter(({ stderr }) => stderr.includes('the API server did not answer'));
  expect(waited.length).toBe(runs.length);
  figure(`API server killed and started: all done after ${last(runs)} s`);
}

async function freeze(here: Here): Promise<void> {
  const { server } = here;
  const { lane, state, faults, close } = await openEmptyLane('frozen', server.kubeconfig);
  await using closing = new AsyncDisposableStack();
  closing.defer(async () => close());
  let frozen: Promise<void> | undefined;
  const times = new Map<string, number[]>();
  const runs = await runAll(here, lane.jobs, ({ title }) => ({
    faults: ({ to, what, writes }) => {
      if (to !== 'kubernetes') return undefined;
      const asked = `${title}: ${what}`;
      times.set(asked, [...(times.get(asked) ?? []), performance.now()]);
      if (!writes || frozen) return undefined;
      server.freeze();
      frozen = sleep(20 * second).then(server.thaw);
      return undefined;
    },
  }));
  await frozen;
  await expectNothingTwice(here, runs, { state: await state(), faults: await faults() });
  const gaps = [...times.values()].flatMap((each) =>
    each.slice(1).map((time, index) => time - (each[index] ?? 0)),
  );
  // A request's ten seconds, and a pause before the next.
  expect(Math.max(...gaps)).toBeGreaterThan(9 * second);
  expect(Math.max(...gaps)).toBeLessThan(patience(13.5 * second));
  figure(`etcd frozen for 20 s: all done after ${last(runs)} s`);
}

async function expectNothingTwice(
  { trillian, treeIds }: Here,
  runs: readonly JobRun[],
  { state, faults }: { state: ReadonlyMap<string, StoredObject>; faults: readonly string[] },
) {
  expect([...otherThan(0, runs), ...faults]).toEqual([]);
  for (const { treeID } of [...state.values()].map(({ data = {} }) => data)) treeIds.add(treeID);
  const live = trillian.query('SELECT TreeId FROM Trees WHERE Deleted IS NOT TRUE');
  expect(live.filter((id) => !treeIds.has(id))).toEqual([]);
}

const last = (runs: readonly JobRun[]) =>
  (Math.max(...runs.map(({ ms }) => ms)) / second).toFixed(1);
