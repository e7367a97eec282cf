import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { outlines, violations } from './checker.ts';
import { type Harness, openHarness, type Prepared, type Run } from './harness.ts';
import { jobTitles, type LaneJob } from './lane.ts';
import { figure, trials } from './profile.ts';
import { type Random, randomFrom } from './random.ts';
import type { Faults, Request } from './requests.ts';

/*
 * Several Pods of one Job at once, as a Job controller may start them, and after a crash. Processes
 * take 200 ms to start, so half of the trials hold each process at its first write until all are there:
 * the collisions that a minute of luck would give, every time.
 */

const random = randomFrom();
let harness: Harness;
beforeAll(async () => {
  harness = await openHarness('races', inject('apiserver'));
});
afterAll(() => harness?.close());

const counts = new Map<string, number>();
const counted = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
afterAll(() => {
  for (const [what, count] of counts) figure(`${what}: ${count}`);
});

describe.each(jobTitles)('%s', (title) => {
  it.each([2, 3])('ends with one result where %i Pods run at once', async (pods) => {
    await trying(title, trials(2, 150), async ({ job }) => {
      counted(`races of ${title}`);
      return atOnce(job, pods);
    });
  });

  it('ends with one result where three retries follow a crash', async () => {
    await trying(title, trials(2, 1_000), async ({ job, requests }) => {
      counted(`crashes of ${title}, then three retries`);
      await harness.run(job, { faults: killedSomewhere(requests) });
      return atOnce(job, 3);
    });
  });
});

interface Subject {
  readonly job: LaneJob;
  /** Of a run without faults. */
  readonly requests: readonly Request[];
}

/** Runs trials from the Job's inputs on; after each the history is checked against a clean run. */
async function trying(title: string, times: number, trial: (subject: Subject) => Promise<Run[]>) {
  const job = harness.lane.job(title);
  const prepared = await harness.prepare(job);
  await prepared.reset();
  const { traffic } = await harness.run(job);
  const wanted = outlines((await harness.state()).values());
  for (let number = 1; number <= times; number += 1) {
    const context = `trial ${number} from FAULTS_SEED=${random.seed}`;
    const outcome = await once(prepared, () => trial({ job, requests: traffic.requests }));
    expect({ context, ...outcome }).toEqual({ context, faults: [], outlines: wanted });
  }
  const { status, traffic: last } = await harness.run(job);
  expect({ status, writes: last.writes }).toEqual({ status: 0, writes: [] });
}

async function once(prepared: Prepared, trial: () => Promise<Run[]>) {
  await prepared.reset();
  const before = await harness.state();
  const mark = await harness.history.mark();
  const runs = await trial();
  const after = await harness.state();
  const faults = [
    ...runs
      .filter(({ status }) => status !== 0)
      .map(({ status, stderr }) => `ended with ${status}: ${stderr}`),
    ...violations(before, harness.history.since(mark)),
    ...(await harness.unreferencedTrees()).map((id) => `tree ${id} is live, and nobody’s`),
  ];
  return { faults, outlines: outlines(after.values()) };
}

async function atOnce(job: LaneJob, pods: number): Promise<Run[]> {
  const meeting = random.below(2) === 0 ? meetingOf(pods, random) : () => undefined;
  const starts = Array.from({ length: pods }, () => random.below(11));
  return Promise.all(
    starts.map(async (offset) => {
      await sleep(offset);
      return harness.run(job, { faults: heldAtFirstWrite(meeting) });
    }),
  );
}

/** A promise for each process that comes, kept a few milliseconds after all have come. */
function meetingOf(pods: number, { below }: Random): () => Promise<unknown> {
  let arrived = 0;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  return () => {
    arrived += 1;
    if (arrived === pods) resolve();
    // After a crash there may be nothing left to write for one of them.
    return Promise.race([all, sleep(1_500)]).then(() => sleep(below(11)));
  };
}

function heldAtFirstWrite(meet: () => Promise<unknown> | undefined): Faults {
  let met = false;
  return ({ writes }) => {
    if (met || !writes) return undefined;
    met = true;
    const until = meet();
    return until && { kind: 'hold', until };
  };
}

function killedSomewhere(requests: readonly Request[]): Faults {
  const point = 1 + random.below(requests.length);
  const when = random.below(2) === 0 ? 'before' : 'after';
  return ({ n }) => (n === point ? { kind: 'kill', when } : undefined);
}
