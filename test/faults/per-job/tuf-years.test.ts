import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { outlines, violations } from '../checker.ts';
import { laterBy } from '../clock.ts';
import { type Harness, openHarness, type Prepared, type RunOptions } from '../harness.ts';
import type { StoredObject } from '../history.ts';
import { figure } from '../profile.ts';
import type { Request } from '../requests.ts';

/* createtuf over the years: rotations that are cut off, runs that meet, clocks that go back, what ends soon. */

const title = 'tuf-system/createtuf';
const rotating = { args: ['--rotate-root'] };
const day = 86_400_000;

let harness: Harness;
let prepared: Prepared;
beforeAll(async () => {
  harness = await openHarness('years', inject('apiserver'));
  prepared = await harness.prepare(harness.lane.job(title));
});
afterAll(() => harness?.close());

const run = (options?: RunOptions) => harness.run(harness.lane.job(title), options);

/** A repository that was just made. */
async function published(): Promise<void> {
  await prepared.reset();
  expect(await run()).toMatchObject({ status: 0 });
}

async function stored(name: string): Promise<StoredObject | undefined> {
  return [...(await harness.state()).values()].find(({ metadata }) => metadata.name === name);
}

async function rootVersion(): Promise<number> {
  const text = (await stored('tuf-repository'))?.data?.['root.json'];
  return JSON.parse(text ?? '{}').signed?.version;
}

/** What ends with 0, writes nothing, and leaves keys that belong to the repository. */
async function isAtRest(): Promise<void> {
  const { status, traffic } = await run();
  expect({ status, writes: traffic.writes }).toEqual({ status: 0, writes: [] });
  expect(violations(await harness.state(), [])).toEqual([]);
  const keys = Object.keys((await stored('tuf-keys'))?.data ?? {}).sort();
  expect(keys).toEqual(['root', 'snapshot', 'targets', 'timestamp']);
}

describe('a rotation of the root', () => {
  it('that is killed at any of its writes is ended by the next ordinary run', async () => {
    await published();
    const clean = await run(rotating);
    expect(clean).toMatchObject({ status: 0 });
    const wanted = outlines((await harness.state()).values());
    const writes = clean.traffic.requests.filter((one) => one.writes);
    expect(writes.map(({ what }) => what.replace(/-years/g, ''))).toEqual([
      'patch Secret tuf/tuf-keys',
      'patch ConfigMap tuf/tuf-repository',
      'patch Secret tuf/tuf-root',
      'patch Secret tuf/tuf-keys',
    ]);
    const points = writes.flatMap((one) =>
      (['before', 'after'] as const).map((when) => ({ one, when })),
    );
    for (const { one, when } of points) {
      await published();
      const fault = ({ n }: Request) =>
        n === one.n ? ({ kind: 'kill', when } as const) : undefined;
      const context = `${when} ${one.what}`;
      expect({ context, ...(await run({ ...rotating, faults: fault })) }).toMatchObject({
        context,
        status: null,
      });
      expect(await run()).toMatchObject({ status: 0 });
      const never = one === writes[0] && when === 'before';
      expect({ context, version: await rootVersion() }).toEqual({
        context,
        version: never ? 1 : 2,
      });
      if (!never) expect(outlines((await harness.state()).values())).toEqual(wanted);
      await isAtRest();
    }
    figure(`crash points of a root rotation: ${points.length} of ${points.length}`);
  });

  it('meets refreshes and another rotation, and all end well', async () => {
    await published();
    const runs = await Promise.all([run(rotating), run(), run(rotating), run()]);
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect([2, 3]).toContain(await rootVersion());
    await isAtRest();
  });
});

describe('a clock', () => {
  it('that went back signs nothing, and says so with 75', async () => {
    await published();
    const { status, stderr, traffic } = await run({ env: laterBy(-2 * day) });
    expect({ status, writes: traffic.writes }).toEqual({ status: 75, writes: [] });
    expect(stderr).toContain('this clock runs behind the one that signed it');
    await isAtRest();
  });

  it('that stood still for weeks catches up in one run', async () => {
    await published();
    expect(await run({ env: laterBy(20 * day) })).toMatchObject({ status: 0 });
    const { signed } = JSON.parse((await stored('tuf-repository'))?.data?.['timestamp.json'] ?? '');
    expect(Date.parse(signed.expires)).toBeGreaterThan(Date.now() + 26 * day);
  });
});

describe('what ends within a month', () => {
  it('is told in the log and by an Event about the repository, and anew the next day', async () => {
    await published();
    const namespace = harness.lane.namespace('tuf-system');
    const event = () =>
      harness.lane.admin
        .readNamespacedEvent({ namespace, name: 'tuf-repository.expiry' })
        .catch(() => undefined);
    await run({ env: laterBy(3_230 * day) });
    expect(await event()).toBeUndefined();
    for (const days of [3_265, 3_266]) {
      const { status, stderr } = await run({ env: laterBy(days * day) });
      expect(status).toBe(0);
      expect(stderr).toMatch(/warning: the certificate of .* expires at/);
      expect(await event()).toMatchObject({
        type: 'Warning',
        reason: 'Expiry',
        message: expect.stringContaining(`in ${3_284 - days} days`),
        involvedObject: { kind: 'ConfigMap', name: 'tuf-repository' },
      });
    }
  });

  it('is told in the log alone where the right to make Events is not there', async () => {
    const { status, stderr } = await run({
      env: laterBy(3_267 * day),
      faults: ({ what }) => (what.includes('Event') ? forbidden : undefined),
    });
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /warning: no Event could be made of this: .*events "tuf-repository.expiry"/,
    );
  });
});

const forbidden = {
  kind: 'answer',
  status: 403,
  body: JSON.stringify({
    kind: 'Status',
    reason: 'Forbidden',
    message:
      'events "tuf-repository.expiry" is forbidden: User "x" cannot patch resource "events" in API group ""',
  }),
} as const;
