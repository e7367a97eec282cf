import type { Data } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRepository } from './repository.ts';
import { inputs, put, runAt, stored, supplied } from './testing.ts';

const start = '2030-01-01T00:00:00Z';
const later = '2030-01-02T00:00:00Z';

/** A repository with two roots and two versions of all else, as it was at first and as it is; and another one. */
let first: Data;
let files: Data;
let foreign: Data;
beforeAll(async () => {
  const store = await supplied();
  await runAt(store, start);
  first = (await stored(store)).files;
  await put(store, { rekor: inputs('second').rekor });
  expect(await runAt(store, later, ['--rotate-root'])).toMatchObject({ status: 0 });
  files = (await stored(store)).files;
  const other = await supplied();
  await runAt(other, start);
  foreign = (await stored(other)).files;
});

const changed = (name: string, change: (text: string) => string): Data => ({
  ...files,
  [name]: new Uint8Array(Buffer.from(change(Buffer.from(files[name]!).toString()))),
});

describe('a repository', () => {
  it('is followed from its first root to the newest', () => {
    const { root, snapshot, targets } = openRepository(files);
    expect([root, snapshot, targets].map(({ version }) => version)).toEqual([2, 2, 2]);
  });

  it.each<[string, () => Data, string]>([
    [
      'whose second root is not signed by its first one',
      () => ({ ...files, '1.root.json': foreign['1.root.json']! }),
      'has a 2.root.json that the keys or hashes before it do not vouch for',
    ],
    [
      'whose first root is not signed by itself',
      () => changed('1.root.json', (text) => text.replace(/"sig": ?"[0-9a-f]{4}/, '"sig":"0000')),
      'has a 1.root.json that the keys',
    ],
    [
      'that lacks a root between two others',
      () => ({ ...files, '4.root.json': files['2.root.json']! }),
      'has 4.root.json, but no root between it and 2.root.json',
    ],
    [
      'whose root.json is an older one',
      () => ({ ...files, 'root.json': files['1.root.json']! }),
      'has a root.json that is not 2.root.json',
    ],
    [
      'whose timestamp is an older one',
      () => ({ ...files, 'timestamp.json': first['timestamp.json']! }),
      'has 2.snapshot.json, and yet refers to 1.snapshot.json',
    ],
    [
      'whose timestamp nobody signed',
      () => changed('timestamp.json', (text) => text.replace(/"sig": ?"[^"]+"/, '"sig":""')),
      'has a timestamp.json that the keys or hashes before it do not vouch for',
    ],
    [
      'whose targets nobody signed',
      () => changed('2.targets.json', (text) => text.replace(/"sig": ?"[^"]+"/, '"sig":""')),
      'has a 2.targets.json that the keys or hashes before it do not vouch for',
    ],
    // The signature is as good, but clients hold the bytes against their hash.
    [
      'whose snapshot was written in another way',
      () => changed('2.snapshot.json', (text) => `${text} `),
      'has a 2.snapshot.json that the keys or hashes before it do not vouch for',
    ],
    [
      'with another target of the same length',
      () => {
        const { hashes } = openRepository(files).targets.targets['rekor.pub']!;
        return changed(`${hashes.sha256}.rekor.pub`, (text) => text.replace('A', 'B'));
      },
      'with another content',
    ],
  ])('is refused %s', (_what, broken, why) => {
    expect(() => openRepository(broken())).toThrow(why);
  });
});
