import { tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { describe, expect, it } from 'vitest';
import { sha256 } from './metadata.ts';
import { inputs, put, runAt, stored, supplied, target, trust } from './testing.ts';

const start = '2030-01-01T00:00:00Z';

async function versions(store: Awaited<ReturnType<typeof supplied>>) {
  const { root, targets, snapshot, timestamp } = await stored(store);
  return [root, targets, snapshot, timestamp].map(({ version }) => version);
}

/** The target's name that Rekor's key of a set of inputs has once it expired. */
function expiredRekor(folder: 'first' | 'second'): string {
  return `rekor_${sha256(inputs(folder).rekor.public ?? new Uint8Array()).slice(0, 8)}.pub`;
}

describe('createtuf, run again later,', () => {
  it.each([
    ['nothing, with half of every lifetime left', '2030-01-04T11:59:00Z', [1, 1, 1, 1]],
    ['the timestamp, past the half of its week', '2030-01-04T12:01:00Z', [1, 1, 1, 2]],
    ['the timestamp, even where it has expired', '2030-01-20T00:00:00Z', [1, 1, 1, 2]],
    ['snapshot and timestamp, past 45 days', '2030-02-16T00:00:00Z', [1, 1, 2, 2]],
    ['targets too, past half a year', '2030-07-03T00:00:00Z', [1, 2, 2, 2]],
    ['a new root after five years', '2035-01-01T00:00:00Z', [2, 2, 2, 2]],
  ])('signs %s', async (_what, time, expected) => {
    const store = await supplied();
    await runAt(store, start);
    const before = await stored(store);
    const { status, stderr } = await runAt(store, time);
    expect(status).toBe(0);
    expect(await versions(store)).toEqual(expected);
    expect(stderr).toContain(expected.at(-1) === 1 ? 'is as it should be' : 'is published');
    const after = (await stored(store)).files;
    for (const name of Object.keys(before.files)) {
      if (/^(\d+\.|[0-9a-f]{64}\.)/.test(name)) expect(after[name]).toEqual(before.files[name]);
    }
    expect((await store.read(tufRoot))!.data.root).toEqual(after['1.root.json']);
  });

  it('writes nothing when it runs once more', async () => {
    const store = await supplied();
    await runAt(store, start);
    await runAt(store, '2035-01-01T00:00:00Z');
    const refs = [tufKeys, tufRepository, tufRoot];
    const before = await Promise.all(refs.map((ref) => store.read(ref)));
    expect(await runAt(store, '2035-01-01T00:01:00Z')).toMatchObject({ status: 0 });
    expect(await Promise.all(refs.map((ref) => store.read(ref)))).toEqual(before);
  });

  it.each([
    [
      'the timestamp, with less left than it is told',
      ['--timestamp-renew=6d'],
      '2030-01-02T00:01:00Z',
      [1, 1, 1, 2],
    ],
    [
      'nothing, with as much left as it is told',
      ['--timestamp-renew=1h'],
      '2030-01-07T22:59:00Z',
      [1, 1, 1, 1],
    ],
    ['a root, by its own', ['--root-renew=9y'], '2031-01-02T00:00:00Z', [2, 2, 2, 2]],
  ])('signs %s', async (_what, flags, time, expected) => {
    const store = await supplied();
    await runAt(store, start);
    expect(await runAt(store, time, flags)).toMatchObject({ status: 0 });
    expect(await versions(store)).toEqual(expected);
  });

  it('writes nothing by a clock that went back, and says so', async () => {
    const store = await supplied();
    await runAt(store, start);
    const refs = [tufKeys, tufRepository, tufRoot];
    const before = await Promise.all(refs.map((ref) => store.read(ref)));
    const { status, stderr } = await runAt(store, '2029-12-31T23:00:00Z');
    expect(status).toBe(75);
    expect(stderr).toContain('signed until 2039-12-30T00:00:00Z, and signed now it would end at');
    expect(stderr).toContain('this clock runs behind the one that signed it');
    expect(await Promise.all(refs.map((ref) => store.read(ref)))).toEqual(before);
  });

  it('signs nothing for less long than before, even where clocks differ by a minute', async () => {
    const store = await supplied();
    await runAt(store, start);
    expect(await runAt(store, '2029-12-31T23:59:00Z')).toMatchObject({ status: 0 });
    await put(store, { rekor: inputs('second').rekor });
    const before = await store.read(tufRepository);
    expect(await runAt(store, '2029-12-31T23:59:00Z')).toMatchObject({
      status: 75,
      stderr: expect.stringContaining('this clock runs behind the one that signed it'),
      writes: [],
    });
    expect(await store.read(tufRepository)).toEqual(before);
    expect(await runAt(store, '2030-01-01T00:00:00Z')).toMatchObject({ status: 0 });
    expect(await versions(store)).toEqual([1, 2, 2, 2]);
  });

  it('shortens a lifetime at once where it is told to, and not unless', async () => {
    const store = await supplied();
    await runAt(store, start, ['--timestamp-expiry=30d']);
    const shorter = ['--timestamp-expiry=2d'];
    const { status, stderr, writes } = await runAt(store, '2030-01-01T00:01:00Z', shorter);
    expect({ status, writes }).toEqual({ status: 75, writes: [] });
    expect(stderr).toContain(
      'where --timestamp-expiry is shorter than before, give --shorten once',
    );
    await runAt(store, '2030-01-01T00:01:00Z', [...shorter, '--shorten']);
    expect((await stored(store)).timestamp.expires).toBe('2030-01-03T00:01:00Z');
  });

  it('writes dates as TUF does, without fractions', async () => {
    const store = await supplied();
    await runAt(store, '2030-01-01T00:00:00.987Z');
    expect((await stored(store)).root.expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });
});

describe('createtuf, where a key has changed,', () => {
  const changed = '2030-01-02T00:00:00Z';

  async function rotated(...which: (keyof ReturnType<typeof inputs>)[]) {
    const store = await supplied();
    await runAt(store, start);
    for (const input of which) await put(store, { [input]: inputs('second')[input] });
    const result = await runAt(store, changed);
    return { store, result };
  }

  it('trusts the new Rekor key, and the old one for what it signed until now', async () => {
    const { store, result } = await rotated('rekor');
    expect(result.stderr).toContain('gave an end to the Rekor key ');
    const { tlogs, ctlogs, certificateAuthorities } = trust(await stored(store));
    expect(tlogs.map(({ publicKey }) => publicKey?.validFor?.end?.toISOString())).toEqual([
      '2030-01-02T00:00:00.000Z',
      undefined,
    ]);
    expect(ctlogs).toHaveLength(1);
    expect(certificateAuthorities).toHaveLength(1);
    expect(await versions(store)).toEqual([1, 2, 2, 2]);
  });

  it('keeps the old key for older clients as an expired target', async () => {
    const { store } = await rotated('rekor');
    const repository = await stored(store);
    expect(target(repository, 'rekor.pub')).toMatchObject({
      bytes: inputs('second').rekor.public,
      custom: { sigstore: { status: 'Active' } },
    });
    expect(target(repository, expiredRekor('first'))).toMatchObject({
      bytes: inputs('first').rekor.public,
      custom: { sigstore: { usage: 'Rekor', status: 'Expired' } },
    });
  });

  it('publishes two Fulcio CAs and two TSAs, and one separate leaf, since clients refuse a second', async () => {
    const { store } = await rotated('fulcio', 'tsa', 'ctlog');
    const repository = await stored(store);
    const { certificateAuthorities, timestampAuthorities, ctlogs } = trust(repository);
    for (const entries of [certificateAuthorities, timestampAuthorities]) {
      expect(entries).toHaveLength(2);
      expect(entries[0]?.validFor?.end).toEqual(new Date(changed));
    }
    expect(ctlogs).toHaveLength(2);
    const leaves = Object.keys(repository.targets.targets).filter((name) => /^tsa_leaf/.test(name));
    expect(leaves).toEqual(['tsa_leaf.crt.pem']);
  });

  it('moves neither the start nor the end of an entry when it runs again, nor a log for a new URL', async () => {
    const { store } = await rotated('fulcio', 'rekor');
    const before = trust(await stored(store));
    await runAt(store, '2030-07-01T00:00:00Z', ['--rekor-url=https://rekor.example']);
    const after = trust(await stored(store));
    expect(after.tlogs[0]).toEqual(before.tlogs[0]);
    expect(after.tlogs[1]).toEqual(before.tlogs[1]);
    expect(after.certificateAuthorities).toEqual(before.certificateAuthorities);
  });

  it('takes a key back in without an end', async () => {
    const { store } = await rotated('rekor');
    await put(store, { rekor: inputs('first').rekor });
    await runAt(store, '2030-01-03T00:00:00Z');
    const { tlogs } = trust(await stored(store));
    expect(tlogs.map(({ publicKey }) => publicKey?.validFor?.end)).toEqual([
      undefined,
      new Date('2030-01-03T00:00:00Z'),
    ]);
    const names = Object.keys((await stored(store)).targets.targets);
    expect(names.filter((name) => name.startsWith('rekor'))).toEqual([
      'rekor.pub',
      expiredRekor('second'),
    ]);
  });

  it('refuses, before it writes, what no ConfigMap holds', async () => {
    const store = await supplied();
    await runAt(store, start);
    const ballast = new Uint8Array(1_040_000);
    await store.write(tufRepository, { data: { ballast } }, await store.read(tufRepository));
    await put(store, { rekor: inputs('second').rekor });
    const before = await store.read(tufRepository);
    const { status, stderr } = await runAt(store, changed);
    expect(status).toBe(65);
    expect(stderr).toMatch(/tuf-repository would hold 10\d{5} bytes, and at most 1048576 fit/);
    expect(await store.read(tufRepository)).toEqual(before);
  });
});
