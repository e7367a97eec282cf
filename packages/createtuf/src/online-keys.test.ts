import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { systemEntropy } from '@sigstand/pki/entropy';
import type { Data, Store } from '@sigstand/store/store';
import { Metadata, MetadataKind, type Root } from '@tufjs/models';
import { afterAll, describe, expect, it } from 'vitest';
import { openRepository } from './repository.ts';
import { onlineRoles } from './role-keys.ts';
import { runAt, stored, supplied } from './testing.ts';

const start = '2030-01-01T00:00:00Z';
const later = '2030-01-02T00:00:00Z';
const rotate = ['--rotate-keys'];
const all = ['root', 'snapshot', 'targets', 'timestamp'];
const folder = mkdtempSync(join(tmpdir(), 'sigstand-online-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

const kept = async (store: Store) => Object.keys((await store.read(tufKeys))?.data ?? {}).sort();
const everything = (store: Store) =>
  Promise.all([tufKeys, tufRepository, tufRoot].map((ref) => store.read(ref)));

/** Whom the newest root trusts, role by role. */
async function trusted(store: Store) {
  const { root } = await stored(store);
  const ids = onlineRoles.map((role) => root.roles[role]?.keyIDs.join());
  return { version: root.version, root: root.roles.root?.keyIDs.join(), ids };
}

function metadata(files: Data, name: string) {
  return JSON.parse(Buffer.from(files[name] ?? []).toString());
}

/** What a file is signed with, by the ids of the keys. */
const signers = (files: Data, name: string): string[] =>
  metadata(files, name).signatures.map(({ keyid }: { keyid: string }) => keyid);

/** A file of the root's own key, as people keep it. */
function keptRoot(name: string) {
  const path = join(folder, `${name}.pem`);
  const pem = systemEntropy.privateKey('ed25519').export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(path, pem);
  return path;
}

/** A store that dies at its nth write. */
function dying(store: Store, deadly: number): Store {
  let writes = 0;
  return {
    ...store,
    async write(...change) {
      writes += 1;
      if (writes >= deadly) throw new Error('killed');
      return store.write(...change);
    },
  };
}

const next = ['snapshot-next', 'targets-next', 'timestamp-next'];
const during = [...all, ...next].sort();
const twice = async (store: Store, time: string, more: readonly string[] = []) => {
  for (const _ of [1, 2]) {
    const { status, stderr } = await runAt(store, time, [...rotate, ...more]);
    expect(status, stderr).toBe(0);
  }
};

describe('createtuf --rotate-keys', () => {
  it('names new keys beside the old ones, and alone when it runs again, by roots of the same key', async () => {
    const store = await supplied();
    await runAt(store, start);
    const before = await trusted(store);
    const old = (await store.read(tufKeys))?.data ?? {};
    const { status, stderr } = await runAt(store, later, rotate);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('added targets-next, snapshot-next, timestamp-next to');
    const between = await trusted(store);
    expect({ ...between, ids: [] }).toEqual({ version: 2, root: before.root, ids: [] });
    for (const [nth, ids] of between.ids.entries()) {
      expect(ids?.split(',')).toHaveLength(2);
      expect(ids).toContain(before.ids[nth]);
    }
    expect(await kept(store)).toEqual(during);
    const again = await runAt(store, later, rotate);
    expect(again.status, again.stderr).toBe(0);
    expect(again.stderr).toContain('replaced the keys of targets, snapshot, timestamp in');
    const after = await trusted(store);
    expect({ version: after.version, root: after.root }).toEqual({ version: 3, root: before.root });
    expect(new Set([...before.ids, ...after.ids]).size).toBe(6);
    expect(await kept(store)).toEqual(all);
    const now = (await store.read(tufKeys))?.data ?? {};
    expect(now.root).toEqual(old.root);
    for (const role of onlineRoles) expect(now[role]).not.toEqual(old[role]);
  });

  it('has both sign in between, for clients and proxies that have an older root or timestamp', async () => {
    const store = await supplied();
    await runAt(store, start);
    const { files: first } = await stored(store);
    await runAt(store, later, rotate);
    const { files } = await stored(store);
    const names = ['2.targets.json', '2.snapshot.json', 'timestamp.json'];
    for (const name of names) expect(signers(files, name)).toHaveLength(2);
    const kinds = [MetadataKind.Targets, MetadataKind.Snapshot, MetadataKind.Timestamp] as const;
    const verifies = (root: Data, all: Data, of: readonly string[]) => {
      const trusting = Metadata.fromJSON(MetadataKind.Root, metadata(root, 'root.json'));
      for (const [nth, kind] of kinds.entries()) {
        const json = metadata(all, of[nth] ?? '');
        const read = Metadata.fromJSON(kind as MetadataKind.Root, json);
        expect(() => trusting.verifyDelegate(kind, read as Metadata<Root>)).not.toThrow();
      }
    };
    verifies(first, files, names);
    verifies(files, first, ['1.targets.json', '1.snapshot.json', 'timestamp.json']);
    // The last root comes without new signatures of the others, which the new keys have signed already.
    await runAt(store, later, rotate);
    const { files: last } = await stored(store);
    expect(last['timestamp.json']).toEqual(files['timestamp.json']);
    verifies(last, files, names);
    // The next signature is by the new keys alone.
    await runAt(store, '2030-12-31T00:00:00Z');
    const { timestamp, files: renewed } = await stored(store);
    expect(timestamp.version).toBe(3);
    expect(signers(renewed, 'timestamp.json')).toEqual([(await trusted(store)).ids[2]]);
  });

  it('is ended by the nightly run once no timestamp is left that the old key alone has signed', async () => {
    const store = await supplied();
    await runAt(store, start);
    await runAt(store, later, rotate);
    for (const day of ['03', '05', '09']) {
      expect(await runAt(store, `2030-01-${day}T00:00:00Z`)).toMatchObject({ status: 0 });
      expect((await trusted(store)).version).toBe(2);
      expect(signers((await stored(store)).files, 'timestamp.json')).toHaveLength(2);
    }
    expect(await runAt(store, '2030-01-09T00:01:00Z')).toMatchObject({ status: 0 });
    expect((await trusted(store)).version).toBe(3);
    expect(await kept(store)).toEqual(all);
  });

  it('leaves nothing to do for the next run, and can be done ten times', async () => {
    const store = await supplied();
    await runAt(store, start);
    for (let day = 2; day <= 11; day += 1) {
      await twice(store, `2030-01-${String(day).padStart(2, '0')}T00:00:00Z`);
    }
    const before = await everything(store);
    expect(await runAt(store, '2030-01-11T00:01:00Z')).toMatchObject({ status: 0 });
    expect(await everything(store)).toEqual(before);
    expect((await trusted(store)).version).toBe(21);
  });

  it('changes the root key by the same new root, where that is asked for, too', async () => {
    const store = await supplied();
    await runAt(store, start);
    const before = await trusted(store);
    expect(await runAt(store, later, [...rotate, '--rotate-root'])).toMatchObject({ status: 0 });
    const after = await trusted(store);
    expect(after.version).toBe(2);
    expect(after.root).not.toBe(before.root);
    expect(after.ids).not.toEqual(before.ids);
    expect(await kept(store)).toEqual(during);
  });

  it.each([1, 2, 3, 4, 5, 6])('goes on in the next run, killed at write %i', async (deadly) => {
    const store = await supplied();
    await runAt(store, start);
    const dies = dying(store, deadly);
    const first = await runAt(dies, later, rotate);
    if (first.status === 0) expect((await runAt(dies, later, rotate)).status).toBe(70);
    else expect(first.status).toBe(70);
    // What is published is signed by keys that the record has, whatever happened.
    openRepository((await store.read(tufRepository))?.data ?? {});
    expect(await runAt(store, later)).toMatchObject({ status: 0 });
    expect(await runAt(store, '2030-01-10T00:00:00Z')).toMatchObject({ status: 0 });
    expect((await trusted(store)).version).toBe(deadly === 1 ? 1 : 3);
    expect(await kept(store)).toEqual(all);
    const before = await everything(store);
    expect(await runAt(store, '2030-01-10T00:00:00Z')).toMatchObject({ status: 0 });
    expect(await everything(store)).toEqual(before);
  });

  it('is done, or told to be tried again, where five run at the same time', async () => {
    const store = await supplied();
    await runAt(store, start);
    const runs = Array.from({ length: 5 }, (_, nth) => runAt(store, later, nth % 2 ? [] : rotate));
    for (const { status, stderr } of await Promise.all(runs))
      expect([0, 75], stderr).toContain(status);
    expect(await runAt(store, '2030-01-10T00:00:00Z')).toMatchObject({ status: 0 });
    expect(await kept(store)).toEqual(all);
    const { version } = await trusted(store);
    expect(version).toBeGreaterThanOrEqual(2);
    expect(version).toBeLessThanOrEqual(5);
  });

  it('is tried again, and contradicts nothing, where another run was faster', async () => {
    const store = await supplied();
    await runAt(store, start);
    let overtaken = false;
    const slow: Store = {
      ...store,
      async read(ref) {
        const found = await store.read(ref);
        if (ref.name !== tufKeys.name || overtaken) return found;
        overtaken = true;
        await twice(store, later);
        return found;
      },
    };
    const { status, stderr } = await runAt(slow, later);
    expect({ status, overtaken }).toEqual({ status: 75, overtaken: true });
    expect(stderr).toContain('another run gave the repository other keys meanwhile');
  });
});

describe('where people keep the root key', () => {
  it('they bring it, and nothing changes without it', async () => {
    const [store, path] = [await supplied(), keptRoot('a')];
    await runAt(store, start, [`--root-key=${path}`]);
    const before = await everything(store);
    const alone = await runAt(store, later, rotate);
    expect(alone).toMatchObject({ status: 65, writes: [] });
    expect(alone.stderr).toContain('root 1 wants 1 of its keys to sign');
    expect(await everything(store)).toEqual(before);
    const first = await trusted(store);
    expect(await runAt(store, later, [...rotate, `--root-key=${path}`])).toMatchObject({
      status: 0,
    });
    const nightly = await runAt(store, '2030-01-10T00:00:00Z');
    expect(nightly).toMatchObject({ status: 0 });
    expect(nightly.stderr).toContain('old online keys wait to go');
    expect((await trusted(store)).version).toBe(2);
    const last = await runAt(store, '2030-01-10T00:00:00Z', [`--root-key=${path}`]);
    expect(last).toMatchObject({ status: 0 });
    const { version, root, ids } = await trusted(store);
    expect({ version, root }).toEqual({ version: 3, root: first.root });
    expect(ids).not.toEqual(first.ids);
    expect(await kept(store)).toEqual(['snapshot', 'targets', 'timestamp']);
  });

  it('and were cut off, the nightly run signs by the keys that clients trust', async () => {
    const [store, path] = [await supplied(), keptRoot('b')];
    await runAt(store, start, [`--root-key=${path}`]);
    const { ids } = await trusted(store);
    await runAt(dying(store, 2), later, [...rotate, `--root-key=${path}`]);
    const { status, stderr } = await runAt(store, '2030-12-30T00:00:00Z');
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('new online keys wait to be named by a root');
    expect(await trusted(store)).toMatchObject({ version: 1, ids });
    expect((await stored(store)).timestamp.version).toBe(2);
    expect(await runAt(store, '2030-12-30T00:00:00Z', [`--root-key=${path}`])).toMatchObject({
      status: 0,
    });
    expect((await trusted(store)).version).toBe(2);
    expect(await kept(store)).toEqual([...next, 'snapshot', 'targets', 'timestamp'].sort());
  });
});

describe('next keys of which one is missing', () => {
  it('are refused, and no file is touched', async () => {
    const store = await supplied();
    await runAt(store, start);
    await runAt(dying(store, 2), later, rotate);
    const change = { remove: ['snapshot-next'] };
    await store.write(tufKeys, change, await store.read(tufKeys));
    const { status, stderr, writes } = await runAt(store, later);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain('has targets-next, timestamp-next but lacks snapshot-next');
  });
});
