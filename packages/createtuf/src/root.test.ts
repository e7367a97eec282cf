import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { type Store, secretIn } from '@sigstand/store/store';
import { afterAll, describe, expect, it } from 'vitest';
import { keyId } from './metadata.ts';
import { runAt, stored, supplied } from './testing.ts';

const start = '2030-01-01T00:00:00Z';
const later = '2030-01-02T00:00:00Z';
const folder = mkdtempSync(join(tmpdir(), 'sigstand-root-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A root key as its holder keeps it: both halves as files. */
function holder(name: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const file = (suffix: string, text: string | Buffer) => {
    const path = join(folder, `${name}.${suffix}`);
    writeFileSync(path, text);
    return path;
  };
  return {
    id: keyId(publicKey),
    secret: file('pem', privateKey.export({ type: 'pkcs8', format: 'pem' })),
    known: file('pub', publicKey.export({ type: 'spki', format: 'pem' })),
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

async function trusted(store: Store) {
  const { root } = await stored(store);
  const { keyIDs = [], threshold } = root.roles.root ?? {};
  return { version: root.version, keyIDs: [...keyIDs], threshold };
}

const kept = async (store: Store) => Object.keys((await store.read(tufKeys))?.data ?? {}).sort();

async function everything(store: Store) {
  return Promise.all([tufKeys, tufRepository, tufRoot].map((ref) => store.read(ref)));
}

describe('createtuf --rotate-root', () => {
  it('gives the root a new key, signed by both, and keeps what clients start from', async () => {
    const store = await supplied();
    await runAt(store, start);
    const before = await trusted(store);
    const first = (await store.read(tufRoot))?.data.root;
    const { status, stderr } = await runAt(store, later, ['--rotate-root']);
    expect(status, stderr).toBe(0);
    const after = await trusted(store);
    expect(after.version).toBe(2);
    expect(after.keyIDs).not.toEqual(before.keyIDs);
    const { files } = await stored(store);
    const { signatures } = JSON.parse(Buffer.from(files['2.root.json']!).toString());
    expect(signatures.map(({ keyid }: { keyid: string }) => keyid).sort()).toEqual(
      [...before.keyIDs, ...after.keyIDs].sort(),
    );
    expect((await store.read(tufRoot))?.data.root).toEqual(first);
    expect(await kept(store)).toEqual(['root', 'snapshot', 'targets', 'timestamp']);
  });

  it('leaves nothing to do for the next run, and can be done ten times', async () => {
    const store = await supplied();
    await runAt(store, start);
    for (let day = 2; day <= 11; day += 1) {
      const time = `2030-01-${String(day).padStart(2, '0')}T00:00:00Z`;
      expect(await runAt(store, time, ['--rotate-root'])).toMatchObject({ status: 0 });
    }
    const before = await everything(store);
    expect(await runAt(store, '2030-01-11T00:01:00Z')).toMatchObject({ status: 0 });
    expect(await everything(store)).toEqual(before);
    expect((await trusted(store)).version).toBe(11);
  });

  it.each([1, 2, 3, 4])('is ended by the next ordinary run, killed at write %i', async (deadly) => {
    const store = await supplied();
    await runAt(store, start);
    let writes = 0;
    const dying: Store = {
      ...store,
      write: async (...change) => {
        writes += 1;
        if (writes >= deadly) throw new Error('killed');
        return store.write(...change);
      },
    };
    const cut = await runAt(dying, later, ['--rotate-root']);
    expect(cut.status).toBe(70);
    expect(await runAt(store, later)).toMatchObject({ status: 0 });
    expect((await trusted(store)).version).toBe(deadly === 1 ? 1 : 2);
    expect(await kept(store)).toEqual(['root', 'snapshot', 'targets', 'timestamp']);
    const before = await everything(store);
    expect(await runAt(store, later)).toMatchObject({ status: 0 });
    expect(await everything(store)).toEqual(before);
  });

  it('is done once, or once after the other, where five run at the same time', async () => {
    const store = await supplied();
    await runAt(store, start);
    const runs = Array.from({ length: 5 }, (_, index) =>
      runAt(store, later, index % 2 ? [] : ['--rotate-root']),
    );
    const results = await Promise.all(runs);
    expect(results.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
    const { version } = await trusted(store);
    expect(version).toBeGreaterThanOrEqual(2);
    expect(version).toBeLessThanOrEqual(4);
    expect(await kept(store)).toEqual(['root', 'snapshot', 'targets', 'timestamp']);
    expect(await runAt(store, later, ['--rotate-root'])).toMatchObject({ status: 0 });
  });
});

describe('root keys that people keep', () => {
  it('sign the first root, and no refresh needs them or makes one', async () => {
    const [store, key] = [await supplied(), holder('a')];
    expect(await runAt(store, start, [`--root-key=${key.secret}`])).toMatchObject({ status: 0 });
    expect(await trusted(store)).toEqual({ version: 1, keyIDs: [key.id], threshold: 1 });
    expect(await kept(store)).toEqual(['snapshot', 'targets', 'timestamp']);
    expect(await runAt(store, '2034-12-31T00:00:00Z')).toMatchObject({ status: 0 });
    const { root, timestamp } = await stored(store);
    expect([root.version, timestamp.version]).toEqual([1, 2]);
  });

  it('may lie in a Secret that only their holder can read', async () => {
    const [store, key] = [await supplied(), holder('b')];
    const ref = secretIn(tufKeys.namespace, 'mine');
    await store.write(ref, { data: { any: new Uint8Array(Buffer.from(key.pem)) } });
    expect(await runAt(store, start, ['--root-key=secret:mine'])).toMatchObject({ status: 0 });
    expect((await trusted(store)).keyIDs).toEqual([key.id]);
  });

  it('take over from the key in the Secret, which goes', async () => {
    const [store, key] = [await supplied(), holder('c')];
    await runAt(store, start);
    const { status, stderr } = await runAt(store, later, [
      '--rotate-root',
      `--root-key=${key.secret}`,
    ]);
    expect(status, stderr).toBe(0);
    expect(await trusted(store)).toEqual({ version: 2, keyIDs: [key.id], threshold: 1 });
    expect(await kept(store)).toEqual(['snapshot', 'targets', 'timestamp']);
    expect(stderr).toContain('removed the root key of before in Secret tuf-system/tuf-keys');
    const again = await everything(store);
    expect(await runAt(store, later, ['--rotate-root', `--root-key=${key.secret}`])).toMatchObject({
      status: 0,
    });
    expect(await everything(store)).toEqual(again);
  });

  it('can be several, of which some must sign, and be replaced by others', async () => {
    const store = await supplied();
    const [a, b, c, d] = ['d1', 'd2', 'd3', 'd4'].map(holder) as [Holder, Holder, Holder, Holder];
    const first = [`--root-key=${a.secret}`, `--root-key=${b.secret}`, `--root-key=${c.known}`];
    expect(await runAt(store, start, [...first, '--root-threshold=2'])).toMatchObject({
      status: 0,
    });
    expect(await trusted(store)).toEqual({ version: 1, keyIDs: [a.id, b.id, c.id], threshold: 2 });

    const next = ['--rotate-root', `--root-key=${d.secret}`];
    const alone = await runAt(store, later, [...next, `--old-root-key=${a.secret}`]);
    expect(alone).toMatchObject({ status: 65, writes: [] });
    expect(alone.stderr).toContain('root 1 wants 2 of its keys to sign');
    expect(alone.stderr).toContain('and 1 of them are at hand');
    expect((await trusted(store)).version).toBe(1);

    const both = [`--old-root-key=${a.secret}`, `--old-root-key=${c.secret}`];
    expect(await runAt(store, later, [...next, ...both])).toMatchObject({ status: 0 });
    expect(await trusted(store)).toEqual({ version: 2, keyIDs: [d.id], threshold: 1 });
  });

  it('renew a root that nears its end, of the same keys', async () => {
    const [store, key] = [await supplied(), holder('e')];
    await runAt(store, start, [`--root-key=${key.secret}`]);
    expect(await runAt(store, '2039-12-20T00:00:00Z', [`--root-key=${key.secret}`])).toMatchObject({
      status: 0,
    });
    expect(await trusted(store)).toEqual({ version: 2, keyIDs: [key.id], threshold: 1 });
  });

  it('give way to a key in the Secret', async () => {
    const [store, key] = [await supplied(), holder('f')];
    await runAt(store, start, [`--root-key=${key.secret}`]);
    const alone = await runAt(store, later, ['--rotate-root']);
    expect(alone.status).toBe(65);
    expect(alone.stderr).toContain('give those keys by --old-root-key');
    expect(await kept(store)).toEqual(['snapshot', 'targets', 'timestamp']);
    const args = ['--rotate-root', `--old-root-key=${key.secret}`];
    expect(await runAt(store, later, args)).toMatchObject({ status: 0 });
    expect((await trusted(store)).keyIDs).not.toContain(key.id);
    expect(await kept(store)).toEqual(['root', 'snapshot', 'targets', 'timestamp']);
    expect(await runAt(store, '2030-01-03T00:00:00Z', ['--rotate-root'])).toMatchObject({
      status: 0,
    });
  });

  it('are called for a month before the root ends, by log and by Event', async () => {
    const [store, key] = [await supplied(), holder('g')];
    const warnings: string[] = [];
    const watched: Store = {
      ...store,
      warn: async (ref, { reason, message }) => {
        warnings.push(`${ref.name} ${reason} ${message}`);
      },
    };
    await runAt(watched, start, [`--root-key=${key.secret}`, '--root-expiry=1y']);
    expect(warnings).toEqual([]);
    await runAt(watched, '2030-11-30T00:00:00Z');
    expect(warnings).toEqual([]);
    const { status, stderr } = await runAt(watched, '2030-12-05T00:00:00Z');
    expect(status).toBe(0);
    const told = 'root 1 expires at 2031-01-01T00:00:00Z, in 27 days; who holds its key must run';
    expect(stderr).toContain(`warning: ${told}`);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`tuf-repository Expiry ${told}`);
  });

  it.each([
    ['a file that is not there', () => '/nowhere/root.pem', 'cannot be read: ENOENT'],
    ['a Secret that is not there', () => 'secret:nowhere', 'holds no root key'],
    ['a device, which never ends', () => '/dev/zero', 'is not a file of at most 65536 bytes'],
    ['a key of another kind', () => other().secret, 'is not one Ed25519 private key'],
    [
      'a public key alone, for the first root',
      () => holder('h').known,
      'and 0 of them are at hand',
    ],
  ])('are refused, with nothing written, where one is %s', async (_what, place, message) => {
    const store = await supplied();
    const { status, stderr } = await runAt(store, start, [`--root-key=${place()}`]);
    expect(status).toBe(65);
    expect(stderr).toContain(message);
    expect(await everything(store)).toEqual([undefined, undefined, undefined]);
  });

  it('are not enough where more have to sign than there are', async () => {
    const args = [`--root-key=${holder('i').secret}`, '--root-threshold=2'];
    expect(await runAt(await supplied(), start, args)).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('--root-threshold is 2, with 1 root key(s)'),
      writes: [],
    });
  });
});

type Holder = ReturnType<typeof holder>;

function other() {
  const { privateKey }: { privateKey: KeyObject } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  });
  const secret = join(folder, 'ec.pem');
  writeFileSync(secret, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { secret };
}
