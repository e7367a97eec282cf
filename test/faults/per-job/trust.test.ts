import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { goldenInputs } from '../../golden/build.ts';
import { ofKind } from '../../stack.ts';
import { violations } from '../checker.ts';
import { laterBy } from '../clock.ts';
import { create, type Harness, openHarness, type Run, type RunOptions } from '../harness.ts';
import type { StoredObject } from '../history.ts';
import { figure, patience, trials } from '../profile.ts';

/* What clients trust, over time: copies, the repository, what happens where a source or the clock moves. */

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness('trust', inject('apiserver'));
});
afterAll(() => harness?.close());

const day = 86_400_000;
const other = goldenInputs('second');

const run = (title: string, options?: RunOptions): Promise<Run> =>
  harness.run(harness.lane.job(title), options);

async function stored(namespace: string, name: string): Promise<StoredObject> {
  const wanted = harness.lane.namespace(namespace);
  const found = [...(await harness.state()).values()].find(
    ({ metadata }) => metadata.namespace === wanted && metadata.name === name,
  );
  if (found === undefined) throw new Error(`there is no ${namespace}/${name}`);
  return found;
}

/** Puts an object in the place of one, with other values under some keys. */
async function replace(object: StoredObject, data: Readonly<Record<string, Uint8Array>>) {
  const encoded = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  await harness.remove([object]);
  await create(harness.lane.admin, {
    ...object,
    data: { ...object.data, ...Object.fromEntries(encoded) },
  });
}

/** Ends with 78 and both fingerprints, and no write. */
function contradicts({ status, stderr, ms, traffic }: Run, says: RegExp): void {
  expect({ status, stderr }).toEqual({ status: 78, stderr: expect.stringMatching(says) });
  expect(ms).toBeLessThan(patience(5_000));
  expect(traffic.writes).toEqual([]);
}

describe('the TUF namespace', () => {
  it('holds no private key and no password of a service', async () => {
    const objects = [...(await harness.state()).values()];
    const tuf = harness.lane.namespace('tuf-system');
    const sealed = /PRIVATE KEY/;
    const secrets = objects.filter(({ metadata }) => metadata.namespace !== tuf);
    const passwords = secrets.flatMap(({ data = {} }) =>
      Object.entries(data)
        .filter(([key]) => key.includes('password'))
        .map(([, value]) => Buffer.from(value, 'base64').toString('latin1')),
    );
    expect(passwords.length).toBeGreaterThan(4);
    const shown = objects.filter(
      ({ metadata }) => metadata.namespace === tuf && metadata.name !== 'tuf-keys',
    );
    expect(shown).toHaveLength(6);
    for (const { kind, metadata, data = {}, binaryData = {} } of shown) {
      const texts = [
        ...Object.values(data).map((value) =>
          Buffer.from(value, kind === 'Secret' ? 'base64' : 'utf8'),
        ),
        ...Object.values(binaryData).map((value) => Buffer.from(value, 'base64')),
      ].map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('latin1'));
      const found = texts.some(
        (text) => sealed.test(text) || passwords.some((one) => text.includes(one)),
      );
      expect({ name: metadata.name, found }).toEqual({ name: metadata.name, found: false });
    }
    const keys = Object.values((await stored('tuf-system', 'tuf-keys')).data ?? {});
    expect(keys.map((value) => sealed.test(Buffer.from(value, 'base64').toString()))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});

describe('copysecrets', () => {
  const title = 'tuf-system/copysecrets';
  const differs =
    /Secret tuf-trust\/rekor-pub-key key public is [0-9a-f]{64}, but Secret rekor-trust\/rekor-pub-key has [0-9a-f]{64}/;

  it('keeps a copy that somebody edited, says so, and lets it follow its source when told to', async () => {
    const copy = await stored('tuf-system', 'rekor-pub-key');
    await replace(copy, other.rekor);
    contradicts(await run(title), differs);
    expect(await run(title, { args: ['--replace'] })).toMatchObject({ status: 0 });
    expect((await stored('tuf-system', 'rekor-pub-key')).data).toEqual(copy.data);
  });

  it('says who wrote in between where it loses every race', async () => {
    const copy = await stored('tuf-system', 'rekor-pub-key');
    await harness.remove([copy]);
    const { status, stderr } = await run(title, {
      faults: ({ writes }) => (writes ? { kind: 'answer', status: 409 } : undefined),
    });
    expect({ status, stderr }).toEqual({
      status: 75,
      stderr: expect.stringMatching(/error: .*Secret tuf-trust\/rekor-pub-key/),
    });
    expect(await run(title)).toMatchObject({ status: 0 });
  });

  it('keeps the copy where the source changed, until it is told otherwise; createtuf then adds the new key', async () => {
    const before = await stored('tuf-system', 'tuf-repository');
    await replace(await stored('rekor-system', 'rekor-pub-key'), other.rekor);
    contradicts(await run(title), differs);
    expect(await run('tuf-system/createtuf')).toMatchObject({ status: 0 });
    expect(await stored('tuf-system', 'tuf-repository')).toEqual(before);

    expect(await run(title, { args: ['--replace'] })).toMatchObject({ status: 0 });
    const state = await harness.state();
    const mark = await harness.history.mark();
    const { status, stderr } = await run('tuf-system/createtuf');
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/signed targets 2 .*\n(.*\n)*.*gave an end to the Rekor key /),
    });
    const after = await stored('tuf-system', 'tuf-repository');
    expect(Object.keys(after.data ?? {})).toEqual(
      expect.arrayContaining(Object.keys(before.data ?? {})),
    );
    expect(after.data).toMatchObject({ '1.root.json': before.data?.['1.root.json'] });
    expect(trustedLogs(after)).toEqual([expect.stringContaining('Z'), 'no end']);
    // Rekor's private key stayed, for this test; what is published may only grow, but for the timestamp
    // and the page that tells of it.
    const unchanged = violations(state, harness.history.since(mark));
    expect(
      unchanged.filter(
        (one) => !/timestamp\.json|index\.html|tuf-root key repository|^Rekor/.test(one),
      ),
    ).toEqual([]);
  });
});

/** When each log key of the newest trusted_root.json ends. */
function trustedLogs({ data = {} }: StoredObject): string[] {
  const roots = Object.entries(data)
    .filter(([name]) => name.endsWith('.trusted_root.json'))
    .map(([, text]) => JSON.parse(text).tlogs)
    .sort((a, b) => a.length - b.length);
  return roots
    .at(-1)
    .map(
      (log: { publicKey: { validFor: { end?: string } } }) =>
        log.publicKey.validFor.end ?? 'no end',
    );
}

describe('a clock that goes on', () => {
  it.each([
    ['fulcio-system/createcerts', 10],
    ['tsa-system/createcertchain', 9],
  ])('makes %s warn of a certificate that ends soon, and change nothing', async (title, years) => {
    for (const [days, warns] of [
      [years * 365 - 50, false],
      [years * 365 - 20, true],
    ] as const) {
      const { status, stderr, traffic } = await run(title, { env: laterBy(days * day) });
      expect({ status, writes: traffic.writes, stderr }).toMatchObject({ status: 0, writes: [] });
      expect(stderr.includes('warning: the certificate of')).toBe(warns);
    }
  });

  it('finds the timestamp signed anew long before its end, as the CronJob runs createtuf', async () => {
    const [cron] = ofKind('CronJob').filter(({ metadata }) => metadata.name === 'createtuf');
    expect(cron?.spec.schedule).toMatch(/^\d+ \d+ \* \* \*$/);
    const days = trials(10, 120);
    let shortest = Number.POSITIVE_INFINITY;
    for (let passed = 1; passed <= days; passed += 1) {
      const left = (await expiry()) - (Date.now() + passed * day);
      shortest = Math.min(shortest, left);
      const { status, stderr } = await run('tuf-system/createtuf', { env: laterBy(passed * day) });
      expect({ passed, status, stderr }).toMatchObject({ status: 0 });
    }
    figure(
      `days of createtuf's CronJob: ${days}; least that a timestamp had left: ${(shortest / day).toFixed(1)} d of 7`,
    );
    expect(shortest).toBeGreaterThan(2 * day);
  });
});

async function expiry(): Promise<number> {
  const { data = {} } = await stored('tuf-system', 'tuf-repository');
  return Date.parse(JSON.parse(data['timestamp.json'] ?? '').signed.expires);
}
