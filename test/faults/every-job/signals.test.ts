import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { proxyName } from '../api-proxy.ts';
import { outlines } from '../checker.ts';
import { type Harness, openHarness, type RunOptions } from '../harness.ts';
import { placeOf, type StoredObject } from '../history.ts';
import type { LaneJob } from '../lane.ts';
import { figure, long, patience, trials } from '../profile.ts';
import type { Faults } from '../requests.ts';
import { faultsSince, otherThan, runAll } from './all.ts';
import { startResolver } from './resolver.ts';

/* A Pod is told to stop with SIGTERM, while its Job waits or writes: all Jobs of the manifests. */

const most = 1_000; // milliseconds
// In every run the first write goes through at once, and the second late.
const rounds = trials(2, 100);
const never = Number.POSITIVE_INFINITY;
let harness: Harness;
beforeAll(async () => {
  harness = await openHarness('signals', inject('apiserver'));
});
const stops: number[] = [];
afterAll(async () => {
  figure(`SIGTERM: ${stops.length} Jobs ended within ${Math.round(Math.max(...stops))} ms`);
  await harness?.close();
});

it('stop at once with 75 while the API server answers nothing', async () => {
  const runs = await stopping(harness.lane.jobs, (stop) => ({
    faults: () => {
      stop();
      return { kind: 'hold', until: new Promise(() => {}) };
    },
  }));
  expect(runs).toEqual([]);
});

it('stop at once with 75 while the API server answers 503', async () => {
  const runs = await stopping(harness.lane.jobs, (stop) => ({
    faults: () => ({ kind: 'answer', status: 503 }),
    onStart: onceItSays(/waiting: /, stop),
  }));
  expect(runs).toEqual([]);
});

it('stop at once with 75 while the name server answers nothing', async () => {
  const { jobs } = harness.lane;
  const resolvers = await Promise.all(jobs.map((_, n) => startResolver(`127.53.1.${n}`, never)));
  try {
    const runs = await stopping(jobs, (stop, job) => {
      const { asked, under } = resolvers[jobs.indexOf(job)]!;
      void asked.then(stop);
      return { hostname: proxyName, under };
    });
    expect(runs).toEqual([]);
  } finally {
    for (const { stop } of resolvers) await stop();
  }
});

it('stop at once with 75 while they wait for an input', async () => {
  await harness.remove([...(await harness.state()).values()]);
  const [first = []] = harness.waves;
  const waiting = harness.lane.jobs.filter(
    (job) => !first.includes(job) || job.job === 'createtree',
  );
  const runs = await stopping(waiting, (stop, { job }) => ({
    // Nobody is there.
    args: job === 'createtree' ? ['--admin-server=127.0.0.1:1'] : [],
    onStart: onceItSays(/waiting for /, stop),
  }));
  expect(runs).toEqual([]);
});

it.each(long ? [0, 1] : [undefined])(
  'told to stop while a write is under way, end as if that had not been when run again (%s)',
  async (kind) => {
    let points = 0;
    for (const wave of harness.waves) {
      const prepared = await harness.prepare(...wave);
      await prepared.reset();
      const clean = await runAll(harness, wave);
      expect(otherThan(0, clean)).toEqual([]);
      const wanted = await harness.state();
      const writes = new Map(clean.map(({ title, traffic }) => [title, traffic.writes.length]));
      for (let nth = 1; nth <= Math.min(rounds, Math.max(...writes.values())); nth += 1) {
        await prepared.reset();
        const jobs = wave.filter(({ title }) => (writes.get(title) ?? 0) >= nth);
        const late = (kind ?? nth % 2) === 0;
        const { found, result } = await stoppedAndRunAgain(jobs, nth, late);
        expect({ nth, late, found, result }).toEqual({
          ...{ nth, late, found: [] },
          result: outlines([...wanted.values()].filter(writtenBy(jobs))),
        });
        points += jobs.length;
      }
    }
    expect(points).toBeGreaterThan(15);
    figure(`SIGTERM while a write was held: ${points} writes`);
  },
);

/**
 * Holds each Job's nth write, tells the Job to stop, and runs it again. The write comes through while
 * the Job may still go on, or `late`: when the second run has ended.
 */
async function stoppedAndRunAgain(jobs: readonly LaneJob[], nth: number, late: boolean) {
  const before = await harness.state();
  const mark = await harness.history.mark();
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const faults = (stop: Stop) => ({
    faults: heldAt(nth, { until: late ? over : sleep(300), stop }),
  });
  const found = await stopping(jobs, faults, [0, 75]);
  found.push(...otherThan(0, await runAll(harness, jobs)));
  resolve();
  await sleep(late ? 300 : 0);
  found.push(...(await faultsSince(harness, before, mark)));
  const state = await harness.state();
  return { found, result: outlines([...state.values()].filter(writtenBy(jobs))) };
}

function writtenBy(jobs: readonly LaneJob[]): (object: StoredObject) => boolean {
  const places = new Set(jobs.flatMap(harness.outputsOf).map(placeOf));
  return (object) => places.has(placeOf(object));
}

type Stop = () => void;

/** Runs the Jobs and stops each when told: what did not end in time, or not with these statuses. */
async function stopping(
  jobs: readonly LaneJob[],
  optionsOf: (stop: Stop, job: LaneJob) => RunOptions,
  statuses: readonly number[] = [75],
): Promise<string[]> {
  const ends: { title: string; status: number | null; ms: number }[] = [];
  await runAll(harness, jobs, (job) => {
    let child: ChildProcess | undefined;
    let told: number | undefined;
    const options = optionsOf(() => {
      if (told !== undefined) return;
      told = performance.now();
      child?.kill('SIGTERM');
    }, job);
    const onStart = (started: ChildProcess) => {
      child = started;
      started.once('exit', (status) => {
        const ms = told === undefined ? Number.NaN : performance.now() - told;
        ends.push({ title: job.title, status, ms });
      });
      options.onStart?.(started);
    };
    return { ...options, onStart };
  });
  stops.push(...ends.map(({ ms }) => ms));
  const limit = patience(most);
  return ends
    .filter(({ status, ms }) => !(ms <= limit && statuses.includes(status ?? -1)))
    .map(({ title, status, ms }) => `${title} ended with ${status}, ${ms} ms after SIGTERM`);
}

function heldAt(nth: number, { until, stop }: { until: Promise<void>; stop: Stop }): Faults {
  let writes = 0;
  return (request) => {
    if (!request.writes) return undefined;
    writes += 1;
    if (writes !== nth) return undefined;
    stop();
    return { kind: 'hold', until };
  };
}

function onceItSays(what: RegExp, act: () => void): (child: ChildProcess) => void {
  return (child) => {
    let said = '';
    child.stderr?.on('data', (text) => {
      said += text;
      if (what.test(said)) act();
    });
  };
}
