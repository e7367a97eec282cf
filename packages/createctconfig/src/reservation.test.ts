import {
  ctlogConfig,
  ctlogKey,
  ctlogPublicKey,
  ctlogSecrets,
  fulcioPublicKey,
} from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { createdNote } from '@sigstand/pki/created';
import { fingerprint, parsePublicKey } from '@sigstand/pki/keys';
import { memoryStore } from '@sigstand/store/memory';
import { type Ref, type Store, secretIn, show } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { readConfig } from './ct-config.ts';
import { createCtConfig } from './job.ts';
import { inputs, made, oldRoot, read, run, text, treeID } from './testing.ts';

const tomorrow = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 86_400_000);
const keyOf = (value: Uint8Array | undefined) => fingerprint(parsePublicKey(value!));

/** The store, with the places of the writes that come through it. */
function watched(store: Store): Store & { writes: string[] } {
  const writes: string[] = [];
  return {
    ...store,
    writes,
    write: (ref, change, replacing) => {
      writes.push(show(ref));
      return store.write(ref, change, replacing);
    },
  };
}

/** The store of a process, with something done before each of its requests. */
function before(store: Store, act: (n: number) => unknown): Store {
  let n = 0;
  return {
    ...store,
    read: async (ref) => {
      await act(++n);
      return store.read(ref);
    },
    write: async (ref, change, replacing) => {
      await act(++n);
      await store.write(ref, change, replacing);
    },
  };
}

/** The store of a process that is killed before or after one of its writes. */
function killed(store: Store, at: number, when: 'before' | 'after'): Store {
  let writes = 0;
  let dead = false;
  const die = () => {
    dead = true;
    throw new Error('killed');
  };
  return {
    ...store,
    read: async (ref) => (dead ? die() : store.read(ref)),
    write: async (ref, change, replacing) => {
      writes += 1;
      if (dead || (writes === at && when === 'before')) die();
      await store.write(ref, change, replacing);
      if (writes === at) die();
    },
  };
}

/** A store on which everybody's keys are noted, of which there may be one. */
async function counted() {
  const store = await inputs();
  const keys = new Set<string>();
  const noting: Store = {
    ...store,
    write: async (ref, change, replacing) => {
      await store.write(ref, change, replacing);
      if (change.data?.public) keys.add(keyOf(change.data.public));
    },
  };
  return { store: noting, keys };
}

async function expectWhole(store: Store): Promise<void> {
  const [stored, published] = [await read(store), await read(store, ctlogPublicKey)];
  expect(keyOf(published.public)).toBe(keyOf(stored.public));
  expect(await read(store, ctlogKey)).toEqual({});
  const created = async (ref: Ref) => (await store.read(ref))?.annotations[createdNote];
  expect(await created(ctlogPublicKey)).toBe(await created(ctlogSecrets));
}

/** A store in which a key is reserved and published, and nothing else has happened. */
async function reserved(): Promise<Store> {
  const store = memoryStore();
  expect(await run(store, ['--timeout=200ms'])).toMatchObject({ status: 69 });
  return store;
}

async function put(store: Store, ref: Ref, data: Record<string, Uint8Array>): Promise<void> {
  await store.write(ref, { data }, await store.read(ref));
}

/** The key of a log as the Secret that reserves it has it. */
async function asReserved(from: Store) {
  const { private: sealed, config } = await read(from);
  return { private: sealed!, password: readConfig(config!).password };
}

describe('createctconfig, while it waits,', () => {
  it.each([
    ['the tree', ctlogConfig, { treeID: text(treeID) }, fulcioPublicKey, { cert: oldRoot }],
    ['Fulcio’s root', fulcioPublicKey, { cert: oldRoot }, ctlogConfig, { treeID: text(treeID) }],
  ])('publishes the key while %s is late', async (_what, late, its, there, value) => {
    const store = memoryStore();
    await put(store, there, value);
    const now = () => tomorrow;
    const running = runJob(createCtConfig(), store, { now });
    await expect.poll(() => read(store, ctlogPublicKey)).toHaveProperty('public');
    const published = await read(store, ctlogPublicKey);
    expect(Object.keys(await read(store, ctlogKey)).sort()).toEqual(['password', 'private']);
    expect(await store.read(ctlogSecrets)).toBeUndefined();

    await put(store, late, its);
    const { status, stderr } = await running;
    expect(status).toBe(0);
    expect(await read(store, ctlogPublicKey)).toEqual(published);
    await expectWhole(store);
    expect((await store.read(ctlogSecrets))?.annotations).toEqual({
      [createdNote]: tomorrow.toISOString().replace('.000', ''),
    });
    const lines = ["reserved the CT log's key in Secret ctlog-system/ctlog-key", 'created the'];
    expect(stderr).toMatch(new RegExp(lines.join('[^]*')));
  });

  it.each<[string, Parameters<typeof inputs>[0] | null, string[], number, string]>([
    ['the tree is none', { tree: 'x', cert: null }, [], 65, "is not a tree's ID"],
    ['Fulcio’s root is none, and the tree is late', null, [], 65, 'key cert is not PEM'],
    ['Fulcio’s root has ended', {}, [], 65, 'key cert has a certificate, CN=old, that expired'],
    [
      'the key is to be somebody’s own',
      { cert: null },
      ['--private-secret=mine'],
      69,
      'fulcio-pub-key, cert did not come',
    ],
  ])('writes nothing where %s', async (what, given, args, expected, why) => {
    const store = watched(given ? await inputs(given) : memoryStore());
    if (!given) await put(store, fulcioPublicKey, { cert: text('hunter2') });
    store.writes.length = 0;
    const now = () => new Date(what.endsWith('ended') ? '2100-01-01' : Date.now());
    const { status, stderr } = await runJob(createCtConfig(), store, {
      args: [...args, '--timeout=200ms'],
      now,
    });
    expect({ status, writes: store.writes }).toEqual({ status: expected, writes: [] });
    expect(stderr).toContain(why);
  });

  it('reserves nothing where there is a log', async () => {
    const store = watched(memoryStore());
    await put(store, ctlogSecrets, await read(await made()));
    store.writes.length = 0;
    expect(await run(store, ['--timeout=200ms'])).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('ctlog-config, treeID did not come'),
    });
    expect(store.writes).toEqual([]);
  });

  it('takes the key that was reserved before, with its date', async () => {
    const store = await reserved();
    const { public: published } = await read(store, ctlogPublicKey);
    const { annotations } = (await store.read(ctlogKey))!;
    await put(store, ctlogConfig, { treeID: text(treeID) });
    await put(store, fulcioPublicKey, { cert: oldRoot });
    expect(await runJob(createCtConfig(), store, { now: () => tomorrow })).toMatchObject({
      status: 0,
    });
    expect(keyOf((await read(store)).public)).toBe(keyOf(published));
    expect((await store.read(ctlogSecrets))?.annotations).toEqual(annotations);
    await expectWhole(store);
  });
});

describe('createctconfig makes one key', () => {
  it('where it is killed before or after any of its writes', async () => {
    const clean = watched(await inputs());
    await run(clean);
    expect(clean.writes.length).toBe(4);
    for (const at of clean.writes.keys()) {
      for (const when of ['before', 'after'] as const) {
        const { store, keys } = await counted();
        expect(await run(killed(store, at + 1, when))).toMatchObject({ status: 70 });
        expect(await run(store)).toMatchObject({ status: 0 });
        await expectWhole(store);
        expect([...keys]).toHaveLength(1);
      }
    }
  });

  it('where another does all of it, or part, before any of its requests', async () => {
    let requests = 0;
    await run(before(await inputs(), (n) => (requests = n)));
    expect(requests).toBeGreaterThan(10);
    for (let at = 1; at <= requests; at += 1) {
      for (const writes of [1, 2, 3, 4, 5]) {
        const { store, keys } = await counted();
        const other = killed(store, writes, 'after');
        const slow = before(store, (n) => (n === at ? run(other) : undefined));
        const context = { at, writes };
        expect({ context, ...(await run(slow)) }).toMatchObject({ context, status: 0 });
        expect(await run(store)).toMatchObject({ status: 0 });
        await expectWhole(store);
        expect({ context, keys: keys.size }).toEqual({ context, keys: 1 });
      }
    }
  });

  it('where three run at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { store, keys } = await counted();
      const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
      const runs = await Promise.all([1, 2, 3].map(() => run(before(store, pause))));
      expect(runs.filter(({ status }) => status !== 0)).toEqual([]);
      await expectWhole(store);
      expect(keys.size).toBe(1);
    }
  });

  it('and another where log and public key were deleted', async () => {
    const first = await made();
    const store = await inputs();
    const { data, annotations } = (await first.read(ctlogKey))!;
    await store.write(ctlogKey, { data, annotations });
    expect(await run(store)).toMatchObject({ status: 0 });
    await expectWhole(store);
    expect(keyOf((await read(store)).public)).not.toBe(keyOf((await read(first)).public));
  });

  it('for each log, where there are two in a namespace', async () => {
    const store = await reserved();
    await put(store, fulcioPublicKey, { cert: oldRoot });
    await store.write({ ...ctlogConfig, name: 'tree' }, { data: { treeID: text('1') } });
    const args = ['--secret=second', '--pubkeysecret=second-public', '--configmap=tree'];
    expect(await run(store, args)).toMatchObject({ status: 0 });
    const second = await read(store, secretIn('ctlog-system', 'second'));
    expect(keyOf(second.public)).not.toBe(keyOf((await read(store, ctlogPublicKey)).public));
    expect(await read(store, secretIn('ctlog-system', 'second-reserved-key'))).toEqual({});
    expect(await read(store, ctlogKey)).toHaveProperty('private');
  });
});

describe('createctconfig, where a key is reserved,', () => {
  it('empties the reservation of a log that is there', async () => {
    const store = watched(await made());
    await put(store, ctlogKey, await asReserved(store));
    store.writes.length = 0;
    expect(await run(store)).toMatchObject({ status: 0 });
    expect(store.writes).toEqual(['Secret ctlog-system/ctlog-key']);
    await expectWhole(store);
  });

  it.each<[string, string[], (store: Store, other: Store) => Promise<unknown>, RegExp]>([
    [
      'another key than the log’s',
      [],
      async (store, other) => put(store, ctlogKey, await asReserved(other)),
      /ctlog-key has the key [0-9a-f]{64}, but the log has [0-9a-f]{64}/,
    ],
    [
      'half of one',
      [],
      async (store, other) => put(store, ctlogKey, { private: (await asReserved(other)).private }),
      /ctlog-key has private but lacks password/,
    ],
  ])('changes nothing for %s', async (_what, args, change, why) => {
    const store = watched(await made());
    await change(store, await made());
    store.writes.length = 0;
    const { status, stderr } = await run(store, args);
    expect({ status, writes: store.writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(why);
  });

  it.each([
    ['at once', true],
    ['also while it waits', false],
  ])('names a key that is not the published one, %s', async (_when, whole) => {
    const store = watched(whole ? await inputs() : memoryStore());
    await put(store, ctlogKey, await asReserved(await made()));
    await put(store, ctlogPublicKey, await read(await made(), ctlogPublicKey));
    store.writes.length = 0;
    const { status, stderr } = await run(store);
    expect({ status, writes: store.writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(
      /ctlog-public-key key public is [0-9a-f]{64}, but Secret ctlog-system\/ctlog-key gives [0-9a-f]{64}/,
    );
  });

  it.each([true, false])('makes no key for a public one whose log is lost: %s', async (whole) => {
    const store = watched(whole ? await inputs() : memoryStore());
    await put(store, ctlogPublicKey, await read(await made(), ctlogPublicKey));
    await put(store, ctlogKey, {});
    store.writes.length = 0;
    const { status, stderr } = await run(store);
    expect({ status, writes: store.writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain('it belongs to is not in Secret ctlog-system/ctlog-secrets');
  });

  it('takes it with --private-secret only where that is the same', async () => {
    const args = ['--private-secret=mine'];
    const mine = secretIn('ctlog-system', 'mine');
    for (const same of [true, false]) {
      const store = watched(await inputs());
      const from = await made();
      await put(store, ctlogKey, await asReserved(from));
      await put(store, ctlogPublicKey, await read(from, ctlogPublicKey));
      await put(store, mine, await asReserved(same ? from : await made()));
      store.writes.length = 0;
      const { status, stderr } = await run(store, args);
      expect({ same, status }).toEqual({ same, status: same ? 0 : 78 });
      if (same) await expectWhole(store);
      else expect(store.writes).toEqual([]);
      if (!same) expect(stderr).toMatch(/mine has the key [0-9a-f]{64}, but the log has/);
    }
  });

  it.each([
    ['--private-secret=ctlog-key', '--private-secret cannot be Secret ctlog-system/ctlog-key'],
    ['--pubkeysecret=ctlog-key', 'ctlog-key cannot be both the private and the public record'],
    ['--pubkeysecret=ctlog-secrets', 'ctlog-secrets cannot be both the private and the public'],
  ])('refuses %s, and writes nothing', async (flag, why) => {
    const store = watched(memoryStore());
    expect(await run(store, [flag])).toMatchObject({
      status: 64,
      stderr: expect.stringContaining(why),
    });
    expect(store.writes).toEqual([]);
  });
});
