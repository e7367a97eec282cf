import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { outlines, violations } from './checker.ts';
import { type Harness, openHarness, type Prepared } from './harness.ts';
import type { StoredObject } from './history.ts';
import { jobTitles } from './lane.ts';
import { figure, long } from './profile.ts';
import type { Fault, Request } from './requests.ts';

/*
 * Every Job, killed before and after each request that writes (in the long run: each request), then
 * run again. The points are those of a recorded run, so a new write is covered when it is made.
 */

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness('crash', inject('apiserver'));
});
afterAll(() => harness?.close());

const sides = ['before', 'after'] as const;
const counted = { points: 0, covered: 0 };
afterAll(() => {
  figure(`crash points covered: ${counted.covered} of ${counted.points}`);
});

describe.each(jobTitles)('%s, killed at each of its writes', (title) => {
  it.each([
    ['where there was nothing', () => []],
    ['where others had put something there', ofOthers],
  ] as const)('%s, ends as a clean run does', async (_where, put) => {
    const job = harness.lane.job(title);
    const prepared = await harness.prepare(job);
    const start = put(prepared);
    await prepared.reset(start);
    const clean = await harness.run(job);
    expect(clean).toMatchObject({ status: 0 });
    const wanted = outlines((await harness.state()).values());
    const noOp = await harness.run(job);
    expect({ status: noOp.status, writes: noOp.traffic.writes }).toEqual({ status: 0, writes: [] });

    const points = clean.traffic.requests.filter(({ writes }) => long || writes);
    expect(points.some(({ writes }) => writes)).toBe(true);
    for (const point of points.flatMap((one) => sides.map((when) => ({ ...one, when })))) {
      counted.points += 1;
      await prepared.reset(start);
      const context = `killed ${point.when} ${point.what}`;
      expect({ context, ...(await killedAndRun(title, point)) }).toEqual({
        context,
        faults: [],
        outlines: wanted,
      });
      counted.covered += 1;
    }
  });
});

/** Kills the Job at a point of its clean run, and runs it again: what is wrong after that. */
async function killedAndRun(title: string, { n, when }: Request & { when: 'before' | 'after' }) {
  const job = harness.lane.job(title);
  const before = await harness.state();
  const mark = await harness.history.mark();
  const killed = await harness.run(job, { faults: at(n, { kind: 'kill', when }) });
  const again = await harness.run(job);
  await harness.history.mark();
  const faults = [
    ...(killed.status === null ? [] : [`was not killed, but ended with ${killed.status}`]),
    ...(again.status === 0 ? [] : [`ended with ${again.status} when run again: ${again.stderr}`]),
    ...violations(before, harness.history.since(mark)),
    ...(await harness.unreferencedTrees()).map((id) => `tree ${id} is live, and nobody’s`),
  ];
  return { faults, outlines: outlines((await harness.state()).values()) };
}

const at = (n: number, fault: Fault) => (request: Request) => (request.n === n ? fault : undefined);

/** The Job's outputs before it ran: no data of its own, but a label, a note and data of others. */
function ofOthers({ outputs }: Prepared): StoredObject[] {
  return outputs.map(({ kind, metadata: { name, namespace } }) => ({
    kind,
    metadata: {
      ...{ name, namespace, uid: '', resourceVersion: '' },
      labels: { theirs: 'label' },
      annotations: { 'example.com/theirs': 'note' },
    },
    // The repository's keys are its files, and clients are told of all of them. In a Secret, a name that
    // begins otherwise is taken for a key under another name than ours, and the Job makes none beside it.
    ...(name !== 'tuf-repository' && {
      data: kind === 'Secret' ? { _theirs: base64('data') } : { theirs: 'data' },
    }),
  }));
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
