import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '@sigstand/store/store';
import { afterAll, describe, expect, it } from 'vitest';
import { idOf, settledRoleKeys } from './role-keys.ts';
import { runAt, stored, supplied } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'sigstand-quorum-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The flag for a new root key. */
const holder = (name: string) => {
  const path = join(folder, `${name}.pem`);
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return `--root-key=${path}`;
};
const [a, b, c] = ['a', 'b', 'c'].map(holder) as [string, string, string];

it('a lower threshold of the same root keys is a new root', async () => {
  const store = await supplied();
  const keys = [a, b, c];
  const first = await runAt(store, '2030-01-01T00:00:00Z', [...keys, '--root-threshold=2']);
  expect(first).toMatchObject({ status: 0 });
  const args = ['--rotate-root', ...keys];
  const { status, stderr } = await runAt(store, '2030-01-02T00:00:00Z', [
    ...args,
    '--root-threshold=1',
  ]);
  expect(status, stderr).toBe(0);
  const { root } = await stored(store);
  expect({ version: root.version, threshold: root.roles.root?.threshold }).toEqual({
    version: 2,
    threshold: 1,
  });
});

it('a root key that is given twice signs once', async () => {
  const store = await supplied();
  const { status, stderr } = await runAt(store, '2030-01-01T00:00:00Z', [
    a,
    a,
    '--root-threshold=2',
  ]);
  expect(status).toBe(65);
  expect(stderr).toMatch(/wants 2 of its keys to sign \(.*\), and 1 of them are at hand/);
});

it('who may make no Event still signs, and says so', async () => {
  const store = await supplied();
  const refused = new StoreError('FORBIDDEN', 'events are forbidden');
  const mute = { ...store, warn: () => Promise.reject(refused) };
  await runAt(store, '2030-01-01T00:00:00Z', [a, '--root-expiry=1y']);
  const { status, stderr } = await runAt(mute, '2030-12-20T00:00:00Z');
  expect(status).toBe(0);
  expect(stderr).toContain('warning: no Event could be made of this: events are forbidden');
  expect((await stored(store)).timestamp.version).toBe(2);
});

it('what fails by a defect is told as one', async () => {
  const store = await supplied();
  const broken = { ...store, warn: () => Promise.reject(new TypeError('x')) };
  await runAt(store, '2030-01-01T00:00:00Z', [a, '--root-expiry=1y']);
  expect((await runAt(broken, '2030-12-20T00:00:00Z')).status).toBe(70);
});

describe('a root key in the record of keys, once a root is published,', () => {
  const pair = () => generateKeyPairSync('ed25519').privateKey;
  const pem = (key: KeyObject) =>
    new Uint8Array(Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })));
  const [root, role] = [pair(), pem(pair())];
  const data = { root: pem(root), targets: role, snapshot: role, timestamp: role };
  const current = { data, annotations: {}, immutable: false, version: '1' };
  const settled = (now: readonly string[], ever: readonly string[]) =>
    settledRoleKeys('Secret a/b', current, { now: new Set(now), ever: new Set(ever) });

  it('stays while it is trusted', () => {
    expect(settled([idOf(root)], [idOf(root)])).toBeUndefined();
  });

  it('goes where another one took its place', () => {
    expect(settled(['other'], ['other', idOf(root)])).toMatchObject({ remove: ['root'] });
  });

  it('stays where no root ever trusted it: nobody knows whose it is', () => {
    expect(settled(['other'], ['other'])).toBeUndefined();
  });
});
