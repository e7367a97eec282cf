import {
  copies,
  ctlogConfig,
  ctlogPublicKey,
  ctlogSecrets,
  tufRepository,
} from '@sigstand/contracts/records';
import { frozenNote, nextTree, oldLogsNote, shardsBefore } from '@sigstand/contracts/shards';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { openRepository, publishedTargets } from '@sigstand/createtuf/repository';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ground } from '../packages/sigstand/src/rotate/ground.ts';
import { kinds } from '../packages/sigstand/src/rotate/kinds.ts';
import { treePlaces } from '../packages/sigstand/src/rotate/log-see.ts';
import { trustedIn } from '../packages/sigstand/src/rotate/record.ts';
import { type Asked, keyWork } from '../packages/sigstand/src/rotate/run.ts';
import { jobPods, sharedTrillian } from './jobs.ts';
import { Killed, type MemoryStack, memoryStack } from './rotating.ts';
import { findNothingToDo, killedToItsEnd } from './rotating-again.ts';
import { write } from './rotating-log.ts';

/* sigstand rotate ctlog --new-log, on a stack in memory whose Jobs are the real ones. */

let stack: MemoryStack;
let first: string;
let oldKey: string;
beforeEach(async () => {
  stack = await memoryStack();
  first = await text('treeID');
  oldKey = stack.signsWith('ctlog');
  // Every stack of a process starts with the same records: what one test froze is another's log.
  sharedTrillian.change(first, { state: 'ACTIVE', size: 5n });
});

afterEach(() => {
  // Another stack would take trees with entries for its own log's.
  for (const tree of sharedTrillian.trees.keys()) {
    sharedTrillian.change(tree, { state: 'ACTIVE', size: 0n });
  }
});

const recorded = async () => stack.store.read(ctlogConfig);
const text = async (key: string) => Buffer.from((await recorded())?.data[key] ?? []).toString();
const stored = async () => (await stack.store.read(ctlogSecrets))?.data ?? {};
const config = async () => readConfig((await stored()).config ?? new Uint8Array());
const stateOf = (tree: string) => sharedTrillian.trees.get(tree)?.state;
const asked = (changes: Partial<Asked> = {}): Asked => ({
  ...{ kind: kinds.ctlog, naming: {}, lead: 0, linger: 0, giveUp: false, keepOld: false },
  ...{ newLog: true, signal: new AbortController().signal, ...changes },
});

async function run(changes: Partial<Asked> = {}): Promise<string[]> {
  const done: string[] = [];
  await (await keyWork(stack, asked(changes))).run((step) => void done.push(step));
  return done;
}

const document = () => {
  const files = publishedTargets(openRepository(stack.served()));
  return files.find((one) => one.name === 'trusted_root.json')?.bytes ?? new Uint8Array();
};
const trusted = () => trustedIn(kinds.ctlog, document(), stack.now());
const told = () =>
  (JSON.parse(Buffer.from(document()).toString()).ctlogs as { baseUrl: string }[]).map(
    ({ baseUrl }) => baseUrl,
  );
const get = async (path: string) => {
  const { body } = await stack.way({ url: `http://ctlog.ctlog-system.svc/${path}` });
  return JSON.parse(body.toString());
};
const own = 'http://ctlog.ctlog-system.svc/sigstorescaffolding';

describe('sigstand rotate ctlog --new-log', () => {
  it('begins a log beside the old one, which is read as it was, and does what it planned', async () => {
    const { plan, title } = await keyWork(stack, asked());
    expect({ title, changes: stack.changes }).toEqual({ title: 'the CT log', changes: [] });
    const steps = await run();
    expect(plan.map((one) => 'step' in one && one.step)).toEqual(steps);
    expect(steps).toEqual(expect.arrayContaining(['tree', 'freeze', 'close', 'move', 'finish']));
    const second = await text('treeID');
    expect([stateOf(first), stateOf(second)]).toEqual(['FROZEN', 'ACTIVE']);
    expect(await text(shardsBefore(second))).toBe(`- {treeID: ${first}, treeLength: 5}\n`);
    expect(await text(nextTree)).toBe('');
    expect((await recorded())?.annotations[frozenNote]).toBe(`${first} 5`);

    const fresh = stack.signsWith('ctlog');
    expect(trusted()).toEqual({ [oldKey]: 'ended', [fresh]: 'open' });
    expect(told()).toEqual([`${own}/old/${first}`, own]);
    const { old, ...now } = await config();
    expect(now).toMatchObject({ treeId: second, prefix: 'sigstorescaffolding' });
    expect(old).toMatchObject([{ treeId: first, frozen: { size: 5 } }]);
    expect(Object.keys(await stored()).sort()).toEqual([...ctlogSecrets.keys].sort());
    expect(await get(`sigstorescaffolding/old/${first}/ct/v1/get-sth`)).toMatchObject({
      tree_size: 5,
    });
    expect(await get('sigstorescaffolding/ct/v1/get-sth')).toMatchObject({ tree_size: 0 });

    await findNothingToDo(stack, jobPods);
  });

  it('moves twice with a new key between, and each log is told at its own path', async () => {
    await run();
    const second = await text('treeID');
    write(second, 3);
    await run({ newLog: false });
    await run();
    const third = await text('treeID');
    expect(told()).toEqual([
      ...[`${own}/old/${first}`, `${own}/old/${second}`, `${own}/old/${second}`],
      own,
    ]);
    expect(Object.values(trusted())).toEqual(['ended', 'ended', 'ended', 'open']);
    expect((await config()).old.map(({ treeId, frozen }) => [treeId, frozen?.size])).toEqual([
      [first, 5],
      [second, 3],
    ]);
    expect(await text(shardsBefore(third))).toBe(
      `- {treeID: ${first}, treeLength: 5}\n- {treeID: ${second}, treeLength: 3}\n`,
    );
    expect(await text(shardsBefore(second))).toBe('');
    const note = (await stack.store.read(copies.ctlog))?.annotations[oldLogsNote];
    expect(note?.split(', ').map((one) => one.split(' ')[1])).toEqual([first, second]);
  });

  it('killed before each of its changes, moves it once, and never writes to a frozen tree', async () => {
    const between = async (deaths: number) => {
      await isSound();
      if (deaths % 5 === 4) await appliedAgain();
    };
    const { ended, killed } = await killedToItsEnd(stack, run, { most: 60, between });
    expect(ended?.at(-1)).toBe('finish');
    expect(killed).toBeGreaterThanOrEqual(10);
    expect(Object.values(trusted())).toEqual(['ended', 'open']);
    expect((await config()).old).toMatchObject([{ treeId: first, frozen: { size: 5 } }]);
  });

  /** Also where a Pod dies, and comes back with what its Secret has. */
  async function isSound() {
    for (const _before of [1, 2]) {
      expect(trusted()[stack.signsWith('ctlog')]).toBe('open');
      await stack.start('ctlog');
    }
    const { treeId, old } = await config();
    expect(stateOf(treeId)).toBe('ACTIVE');
    // The old log is there, wherever that is by now.
    const before = old[0]?.prefix ?? 'sigstorescaffolding';
    expect(await get(`${before}/ct/v1/get-sth`)).toMatchObject({ tree_size: 5 });
  }

  /** The nightly run comes, and the manifests are applied again. */
  async function appliedAgain() {
    await stack.run({ kind: 'CronJob', namespace: 'tuf-system', name: 'createtuf' });
    const [namespace, kind] = ['ctlog-system', 'Job'] as const;
    // Between the two Secrets of a key it refuses, as with any new key.
    const published = (await stack.store.read(ctlogPublicKey))?.data.public;
    const isWhole = String(published) === String((await stored()).public);
    if (isWhole) await stack.run({ kind, namespace, name: 'createctconfig' });
    // And between the two steps that freeze a tree and record it.
    const isRecorded = stateOf(await text('treeID')) === 'ACTIVE';
    if (isRecorded) await stack.run({ kind, namespace, name: 'createtree' });
  }

  it('is given up before the switch, and leaves the log as it was', async () => {
    const before = await stored();
    stack.budget = 6;
    await expect(run()).rejects.toThrow(Killed);
    stack.budget = Number.POSITIVE_INFINITY;
    expect((await run({ giveUp: true })).at(-1)).toBe('forget');
    expect(await stored()).toEqual(before);
    expect([await text('treeID'), await text(nextTree)]).toEqual([first, '']);
    expect(trusted()[oldKey]).toBe('open');
    // And it may begin anew.
    expect((await run()).at(-1)).toBe('finish');
    expect(stateOf(first)).toBe('FROZEN');
  });

  it('keeps the old private key where that is asked for, and nowhere else', async () => {
    const { private: before } = await stored();
    await run({ keepOld: true });
    const name = `${ctlogSecrets.name}-before-${oldKey.slice(0, 8)}`;
    const kept = await stack.store.read({ ...ctlogSecrets, name });
    expect(kept?.data.private).toEqual(before);
    expect(Object.values(await stored())).not.toContainEqual(before);
  });

  it('begins nothing where its configuration is for another tree than its record names', async () => {
    const current = await recorded();
    const data = { treeID: new Uint8Array(Buffer.from('123')) };
    await stack.store.write(ctlogConfig, { data }, current);
    stack.changes.length = 0;
    const { plan } = await keyWork(stack, asked());
    expect(plan).toEqual([{ stuck: expect.stringMatching(/is for tree \d+, and .* names 123/) }]);
    await expect(run()).rejects.toMatchObject({ failure: 'contradiction' });
    expect(stack.changes).toEqual([]);
  });

  it('does not close a log whose head is not what was frozen', async () => {
    const frozen = () => sharedTrillian.change(first, { size: 6n });
    const done: string[] = [];
    const work = await keyWork(stack, asked());
    await expect(
      work.run((step) => {
        done.push(step);
        if (step === 'freeze') frozen();
      }),
    ).rejects.toMatchObject({
      failure: 'contradiction',
      message: expect.stringContaining('6 entries'),
    });
    expect(done.at(-1)).toBe('move');
    expect((await config()).old).toMatchObject([{ treeId: first, frozen: undefined }]);
    sharedTrillian.change(first, { size: 5n });
    expect((await run()).at(-1)).toBe('finish');
  });

  it('finds a stack of another name', async () => {
    const own = { kind: 'Job', namespace: 'ctlog-system', name: 'createtree' } as const;
    const ground: Ground = { ...stack, job: () => stack.job(own) };
    expect(await treePlaces(ground, { namespacePrefix: 'stg-' }, 'ctlog')).toMatchObject({
      job: { namespace: 'stg-ctlog-system', name: 'createtree' },
      record: { namespace: 'stg-ctlog-system', name: 'ctlog-config' },
    });
    expect(await treePlaces(ground, { singleNamespace: 'one' }, 'ctlog')).toMatchObject({
      job: { namespace: 'one', name: 'ctlog-createtree' },
      record: { namespace: 'one', name: 'ctlog-config' },
    });
  });

  it('keeps the address of a log of before when the copy was made anew', async () => {
    await run();
    const copy = await stack.store.read(copies.ctlog);
    await stack.store.write(copies.ctlog, { annotations: { [oldLogsNote]: '' } }, copy);
    await run({ newLog: false });
    expect(told()).toEqual([`${own}/old/${first}`, own, own]);
    expect((await stack.store.read(tufRepository))?.data).toBeDefined();
  });
});
