import { copies, tufRepository } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import type { Ref, Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { createTuf } from './job.ts';
import { superseded } from './prune.ts';
import { inputs, put, runAt, stored, supplied, target, trust } from './testing.ts';

const start = '2030-01-01T00:00:00Z';
const extra: Ref = { kind: 'ConfigMap', namespace: tufRepository.namespace, name: 'extra' };

function signingConfig(repository: Awaited<ReturnType<typeof stored>>) {
  const { bytes } = target(repository, 'signing_config.v0.2.json')!;
  return JSON.parse(Buffer.from(bytes).toString());
}

describe('old files', () => {
  /** A repository with a change of targets on each of some days. */
  async function changing(days: number) {
    const store = await supplied();
    for (let day = 1; day <= days; day += 1) {
      await put(store, { rekor: inputs(day % 2 ? 'first' : 'second').rekor });
      const time = `2030-01-${String(day).padStart(2, '0')}T00:00:00Z`;
      expect(await runAt(store, time)).toMatchObject({ status: 0 });
    }
    return store;
  }

  it('go when three newer snapshots have come, with what only they led to', async () => {
    const { files } = await stored(await changing(9));
    const names = Object.keys(files);
    const versions = (role: string) =>
      names.filter((name) => name.endsWith(`.${role}.json`) && /^\d/.test(name)).sort();
    expect(versions('snapshot')).toEqual(['6', '7', '8', '9'].map((n) => `${n}.snapshot.json`));
    expect(versions('targets')).toEqual(['6', '7', '8', '9'].map((n) => `${n}.targets.json`));
    expect(names).toContain('1.root.json');
    expect(names.filter((name) => name.endsWith('.trusted_root.json'))).toHaveLength(4);
  });

  it('are there for a client that is one state behind', async () => {
    const store = await changing(6);
    const before = (await stored(store)).files;
    await put(store, { rekor: inputs('first').rekor });
    await runAt(store, '2030-01-07T00:00:00Z');
    const { files } = await stored(store);
    const older = superseded(before, 6, 1);
    const names = Object.keys(before).filter((name) => !older.includes(name));
    expect(names).toContain('6.snapshot.json');
    for (const name of names) {
      if (name !== 'timestamp.json') expect(files[name]).toEqual(before[name]);
    }
  });

  it('stay where they are none of ours', async () => {
    const store = await changing(3);
    const mine = { 'notes.txt': utf8('mine') };
    await store.write(tufRepository, { data: mine }, await store.read(tufRepository));
    await put(store, { rekor: inputs('second').rekor });
    await runAt(store, '2030-01-09T00:00:00Z');
    expect((await stored(store)).files).toMatchObject(mine);
  });
});

describe('a service that is absent', () => {
  it.each([
    ['tsa', 'timestampAuthorities', ['tsaUrls']],
    ['rekor', 'tlogs', ['rekorTlogUrls']],
    ['fulcio', 'certificateAuthorities', ['caUrls', 'oidcUrls']],
    ['ctlog', 'ctlogs', []],
  ] as const)('%s is in no document and no file', async (service, entry, urls) => {
    const all = inputs('first');
    const store = memoryStore();
    const { [service]: _absent, ...rest } = all;
    await put(store, rest);
    const { status, stderr } = await runAt(store, start, [`--without=${service}`]);
    expect(status, stderr).toBe(0);
    const repository = await stored(store);
    const root = trust(repository);
    expect(root[entry]).toEqual([]);
    const others = (
      ['tlogs', 'ctlogs', 'certificateAuthorities', 'timestampAuthorities'] as const
    ).filter((one) => one !== entry);
    for (const other of others) expect(root[other]).toHaveLength(1);
    const document = signingConfig(repository);
    for (const one of urls) expect(document[one] ?? []).toEqual([]);
    // sigstore-java reads no document at all that says of one of the two not how many are asked.
    for (const one of ['rekorTlogConfig', 'tsaConfig'] as const) {
      expect(document[one]).toEqual({ selector: 'ANY' });
    }
    expect(await runAt(store, start, [`--without=${service}`])).toMatchObject({ status: 0 });
    expect((await stored(store)).timestamp.version).toBe(1);
  });

  it('keeps its entry, with an end, where there was one', async () => {
    const store = await supplied();
    await runAt(store, start);
    await runAt(store, '2030-01-02T00:00:00Z', ['--without=tsa']);
    const [tsa] = trust(await stored(store)).timestampAuthorities;
    expect(tsa?.validFor?.end).toEqual(new Date('2030-01-02T00:00:00Z'));
  });

  it('may not be every one', async () => {
    const all = ['fulcio', 'ctlog', 'rekor', 'tsa'].map((one) => `--without=${one}`);
    expect(await runAt(await supplied(), start, all)).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('--without leaves no service to trust'),
      writes: [],
    });
    expect(await runAt(await supplied(), start, ['--without=mysql'])).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('Write fulcio, ctlog, rekor, tsa'),
      writes: [],
    });
  });

  it('leaves logs whose age nobody tells: that is refused, and said', async () => {
    const store = memoryStore();
    await put(store, { rekor: inputs('first').rekor });
    const args = ['--without=fulcio', '--without=tsa', '--without=ctlog'];
    const { status, stderr, writes } = await runAt(store, start, args);
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain("annotate the log's Secret with sigstand.dev/key-created");
    const annotations = { 'sigstand.dev/key-created': '2029-06-01T12:00:00Z' };
    await store.write(copies.rekor, { annotations }, await store.read(copies.rekor));
    expect(await runAt(store, start, args)).toMatchObject({ status: 0 });
    const [log] = trust(await stored(store)).tlogs;
    expect(log?.publicKey?.validFor?.start).toEqual(new Date('2029-06-01T11:55:00Z'));
  });
});

describe("a log key's start", () => {
  const note = (time: string) => ({ annotations: { 'sigstand.dev/key-created': time } });

  it('is when it was made, where its record tells, and is not moved by a later run', async () => {
    const store = await supplied();
    await store.write(copies.rekor, note('2025-05-05T00:05:00Z'), await store.read(copies.rekor));
    await runAt(store, start);
    const made = new Date('2025-05-05T00:00:00Z');
    expect(trust(await stored(store)).tlogs[0]?.publicKey?.validFor?.start).toEqual(made);
    await store.write(copies.rekor, note('2026-05-05T00:05:00Z'), await store.read(copies.rekor));
    await runAt(store, '2030-01-05T00:00:00Z');
    expect(trust(await stored(store)).tlogs[0]?.publicKey?.validFor?.start).toEqual(made);
  });

  it('is refused where the note is no time', async () => {
    const store = await supplied();
    await store.write(copies.rekor, note('yesterday'), await store.read(copies.rekor));
    const { status, stderr, writes } = await runAt(store, start);
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain('Secret tuf-system/rekor-pub-key has an annotation');
  });
});

describe('several URLs of a service', () => {
  it('are all in signing_config, and the first is the newest and the one in trusted_root', async () => {
    const store = await supplied();
    const urls = ['https://a.example', 'https://b.example', 'https://a.example'];
    const flags = ['fulcio', 'rekor', 'ctlog', 'tsa'].flatMap((one) =>
      urls.map((url) => `--${one}-url=${url}`),
    );
    const issuers = ['--oidc-issuer=https://i.example', '--oidc-issuer=https://j.example/'];
    expect(await runAt(store, start, [...flags, ...issuers])).toMatchObject({ status: 0 });
    const repository = await stored(store);
    const config = signingConfig(repository);
    const listed = (entries: { url: string }[]) => entries.map(({ url }) => url);
    expect(listed(config.caUrls)).toEqual(urls.slice(0, 2));
    expect(listed(config.rekorTlogUrls)).toEqual(urls.slice(0, 2));
    expect(listed(config.tsaUrls)).toEqual(
      urls.slice(0, 2).map((url) => `${url}/api/v1/timestamp`),
    );
    expect(listed(config.oidcUrls)).toEqual(['https://i.example', 'https://j.example/']);
    const starts = config.caUrls.map((one: { validFor: { start: string } }) =>
      Date.parse(one.validFor.start),
    );
    expect(starts[0]).toBeGreaterThan(starts[1]);
    const { tlogs, ctlogs, certificateAuthorities } = trust(repository);
    expect([tlogs[0]?.baseUrl, ctlogs[0]?.baseUrl, certificateAuthorities[0]?.uri]).toEqual([
      ...[urls[0], urls[0], urls[0]],
    ]);
  });
});

describe("an operator's own files", () => {
  async function given(data: Record<string, string>): Promise<Store> {
    const store = await supplied();
    const files = Object.entries(data).map(([name, text]) => [name, utf8(text)]);
    await store.write(extra, { data: Object.fromEntries(files) });
    return store;
  }
  const args = ['--extra-targets=extra'];

  it('are handed out beside the others, with their custom metadata, and read by a client', async () => {
    const custom = { team: 'release', list: [1, 'two', { three: true }] };
    const store = await given({
      'policy.rego': 'package x',
      'policy.rego.custom.json': JSON.stringify(custom),
      'plain.txt': 'plain',
    });
    expect(await runJob(createTuf(), store, { args })).toMatchObject({ status: 0 });
    const repository = await stored(store);
    expect(target(repository, 'policy.rego')).toMatchObject({ bytes: utf8('package x'), custom });
    expect(target(repository, 'plain.txt')).toEqual({ name: 'plain.txt', bytes: utf8('plain') });
    expect(target(repository, 'policy.rego.custom.json')).toBeUndefined();
    expect(await runJob(createTuf(), store, { args })).toMatchObject({ status: 0 });
    expect((await stored(store)).timestamp.version).toBe(1);
  });

  it.each([
    ['a name of ours', { 'trusted_root.json': '{}' }, 'is called trusted_root.json'],
    ['metadata without a file', { 'a.custom.json': '{}' }, 'describes a file that is not there'],
    ['metadata that is a list', { a: 'x', 'a.custom.json': '[]' }, 'is no JSON object'],
    ['metadata with a fraction', { a: 'x', 'a.custom.json': '{"n":1.5}' }, 'is no JSON object'],
    ['an empty file', { a: '' }, 'key a is empty'],
    ['a long name', { ['n'.repeat(189)]: 'x' }, 'is too long a name'],
    ['a private key', { a: `${pem('PRIVATE KEY')}` }, 'ConfigMap tuf-system/extra key a'],
    [
      'a private key in metadata',
      { a: 'x', 'a.custom.json': pem('EC PRIVATE KEY') },
      'private key',
    ],
  ])('are refused where there is %s', async (_what, data, message) => {
    const store = await given(data as Record<string, string>);
    const { status, stderr } = await runAt(store, start, args);
    expect(status).toBe(65);
    expect(stderr).toContain(message);
    expect(await store.read(tufRepository)).toBeUndefined();
  });

  it('are waited for', async () => {
    const late = [...args, '--timeout=50ms'];
    const { status, stderr, writes } = await runAt(await supplied(), start, late);
    expect({ status, writes }).toEqual({ status: 69, writes: [] });
    expect(stderr).toContain('ConfigMap tuf-system/extra');
  });
});

function pem(label: string): string {
  return `-----BEGIN ${label}-----\n${Buffer.alloc(48, 7).toString('base64')}\n-----END ${label}-----\n`;
}
