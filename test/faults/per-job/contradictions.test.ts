import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { violations } from '../checker.ts';
import { type Harness, openHarness, type Prepared } from '../harness.ts';
import type { StoredObject } from '../history.ts';
import { long, patience } from '../profile.ts';
import { byName, cases, changed, type Objects } from './contradictory-states.ts';

/*
 * Stored state that contradicts itself: each Job says what disagrees with what, by fingerprints, and
 * touches nothing. Every state is made of the outputs of two clean runs of the Job.
 */

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness('contradict', inject('apiserver'));
});
afterAll(() => harness?.close());

describe.each(Object.entries(cases))('%s', (title, all) => {
  let prepared: Prepared;
  let runs: Objects[];
  beforeAll(async () => {
    const job = harness.lane.job(title);
    prepared = await harness.prepare(job);
    await prepared.reset();
    expect(await harness.run(job)).toMatchObject({ status: 0 });
    const written = new Set(prepared.outputs.map(({ metadata }) => metadata.name));
    const again = [...(await harness.state()).values()];
    runs = [prepared.outputs, again.filter(({ metadata }) => written.has(metadata.name))].map(
      byName,
    );
  });

  it.each(all)('touches nothing where there is $what, and says so', async ({ put, says }) => {
    const [one = {}, other = {}] = runs;
    await prepared.reset(put(one, other).filter((object) => object !== undefined));
    await contradicted(title, says);
  });
});

/** Runs the Job, which must end with 78, soon, without a write. */
async function contradicted(title: string, says: RegExp): Promise<void> {
  const mark = await harness.history.mark();
  const { status, stderr, ms, traffic } = await harness.run(harness.lane.job(title));
  expect({ status, stderr }).toEqual({ status: 78, stderr: expect.stringMatching(says) });
  expect(ms).toBeLessThan(patience(5_000));
  expect(traffic.writes).toEqual([]);
  await harness.history.mark();
  expect(harness.history.since(mark)).toEqual([]);
  expect(stderr).not.toContain('hunter2');
}

describe('rekor-system/createtree', () => {
  const title = 'rekor-system/createtree';
  let prepared: Prepared;
  let record: StoredObject | undefined;
  beforeAll(async () => {
    prepared = await harness.prepare(harness.lane.job(title));
    record = prepared.outputs.find(({ metadata }) => metadata.name === 'rekor-config');
  });

  it.each<[string, string, string, RegExp]>([
    ['that Trillian does not have', '7', '', /names tree 7, which Trillian does not have/],
    ['that is deleted', '', 'Deleted = true', /names tree \d+, which is deleted in Trillian/],
    [
      'that is frozen',
      '',
      "Deleted = NULL, TreeState = 'FROZEN'",
      /which is FROZEN in Trillian, not ACTIVE/,
    ],
    [
      'of another type',
      '',
      "Deleted = NULL, TreeType = 'PREORDERED_LOG'",
      /which is a PREORDERED_LOG in Trillian, not a LOG/,
    ],
  ])('touches nothing where the record names a tree %s', async (_what, id, change, says) => {
    const { treeID = '' } = record?.data ?? {};
    const row = `WHERE TreeId = ${treeID}`;
    await prepared.reset(
      [changed(record, { treeID: id || treeID })].filter((one) => one !== undefined),
    );
    if (change) harness.trillian.query(`UPDATE Trees SET ${change} ${row}`);
    const before = harness.trillian.query('SELECT * FROM Trees');
    await contradicted(title, says);
    expect(harness.trillian.query('SELECT * FROM Trees')).toEqual(before);
    harness.trillian.query(`UPDATE Trees SET TreeState = 'ACTIVE', TreeType = 'LOG' ${row}`);
  });

  it('keeps the old tree until the new one of --force is recorded, wherever it is killed', async () => {
    const job = harness.lane.job(title);
    await prepared.reset();
    expect(await harness.run(job)).toMatchObject({ status: 0 });
    const idOf = async () =>
      [...(await harness.state()).values()].find(({ metadata }) => metadata.name === 'rekor-config')
        ?.data?.treeID;
    let old = await idOf();
    const clean = await harness.run(job, { args: ['--force'] });
    const { writes } = clean.traffic;
    expect(writes.length).toBeGreaterThan(3);
    // Before a write is where after the one before it is, so only the long run has both.
    const points = writes.flatMap(({ n }, index) => [
      ...(long || index === 0 ? [[n, 'before'] as const] : []),
      [n, 'after'] as const,
    ]);
    for (const [n, when] of points) {
      old = await idOf();
      const before = live();
      const faults = (request: { n: number }) =>
        request.n === n ? ({ kind: 'kill', when } as const) : undefined;
      expect(await harness.run(job, { args: ['--force'], faults })).toMatchObject({ status: null });
      const between = await idOf();
      expect(live()).toEqual(expect.arrayContaining([old, between]));
      // Once the new one is recorded, nobody has to force anything.
      const again = await harness.run(job, { args: between === old ? ['--force'] : [] });
      expect(again).toMatchObject({ status: 0 });
      const id = await idOf();
      expect({ n, when, replaced: id !== old }).toEqual({ n, when, replaced: true });
      expect({ n, when, live: live() }).toEqual({ n, when, live: [...before, id].sort() });
    }
  });

  const live = () =>
    harness.trillian.query('SELECT TreeId FROM Trees WHERE Deleted IS NOT TRUE').sort();
});

describe('ctlog-system/createctconfig', () => {
  it.each(['public', 'rootca'])(
    'completes a Secret without %s from what is stored',
    async (lost) => {
      const job = harness.lane.job('ctlog-system/createctconfig');
      const prepared = await harness.prepare(job);
      const { 'ctlog-secrets': secret, 'ctlog-public-key': published } = byName(prepared.outputs);
      await prepared.reset(
        [changed(secret, { [lost]: undefined }), published].filter((one) => one !== undefined),
      );
      const before = await harness.state();
      const mark = await harness.history.mark();
      const { status, traffic } = await harness.run(job);
      const after = byName([...(await harness.state()).values()]);
      expect({ status, writes: traffic.writes.length }).toEqual({ status: 0, writes: 1 });
      expect(after['ctlog-secrets']?.data).toEqual(secret?.data);
      expect(violations(before, harness.history.since(mark))).toEqual([]);
    },
  );
});
