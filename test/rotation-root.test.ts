import { tufKeys, tufRepository } from '@sigstand/contracts/records';
import { openRepository } from '@sigstand/createtuf/repository';
import { beforeEach, describe, expect, it } from 'vitest';
import { rootWork, type TufKindName } from '../packages/sigstand/src/rotate/tuf-root.ts';
import { Killed, type MemoryStack, memoryStack } from './rotating.ts';
import { killedToItsEnd } from './rotating-again.ts';

/* sigstand rotate tuf-root and tuf-keys, on a stack in memory whose createtuf is the real one. */

let stack: MemoryStack;
beforeEach(async () => {
  stack = await memoryStack();
});

async function run(what: TufKindName): Promise<string[]> {
  const done: string[] = [];
  await (await rootWork(stack, {}, what)).run((step) => void done.push(step));
  return done;
}

const version = () => openRepository(stack.served()).root.version;
const keys = async () => (await stack.store.read(tufKeys))?.data ?? {};
const online = ['snapshot', 'targets', 'timestamp'];
const nightly = { kind: 'CronJob', namespace: 'tuf-system', name: 'createtuf' } as const;

const steps = {
  'tuf-root': ['note', 'sign', 'serve', 'finish'],
  'tuf-keys': ['note', 'sign', 'serve', 'end', 'serve', 'finish'],
};
const roots = { 'tuf-root': 1, 'tuf-keys': 2 };

describe.each([
  ['tuf-root', ['root'], online],
  ['tuf-keys', online, ['root']],
] as const)('sigstand rotate %s', (what, replaced, kept) => {
  it('gives the repository other keys by a new root, and does what it planned', async () => {
    const before = await keys();
    const { plan } = await rootWork(stack, {}, what);
    expect(stack.changes).toEqual([]);
    const done = await run(what);
    expect(done).toEqual(steps[what]);
    expect(plan.map((one) => 'step' in one && one.step)).toEqual(done);
    expect(version()).toBe(1 + roots[what]);
    const after = await keys();
    expect(Object.keys(after).sort()).toEqual(['root', ...online]);
    for (const name of replaced) expect(after[name]).not.toEqual(before[name]);
    for (const name of kept) expect(after[name]).toEqual(before[name]);
  });

  it('killed before each of its changes, makes one rotation and not two', async () => {
    const { ended } = await killedToItsEnd(stack, () => run(what), {
      most: 20,
      changes: () => 1,
      between: async (deaths) => {
        if (deaths !== 2) return;
        stack.budget = 1;
        await stack.run(nightly);
      },
    });
    expect(ended?.at(-1)).toBe('finish');
    expect(version()).toBe(1 + roots[what]);
    expect(Object.keys(await keys()).sort()).toEqual(['root', ...online]);
  });

  it('goes on with what a createtuf began that ended there', async () => {
    const before = await stack.store.read(tufKeys);
    await stack.run(nightly, [what === 'tuf-root' ? '--rotate-root' : '--rotate-keys']);
    if (what === 'tuf-keys') {
      // It has named both: there is no need for a second rotation.
      expect(await run(what)).toEqual(['serve', 'note', 'end', 'serve', 'finish']);
      expect(version()).toBe(3);
      return;
    }
    // As if it had not come to put the next key in its place.
    const after = await keys();
    const data = { ...before?.data, 'root-next': after.root ?? new Uint8Array() };
    await stack.store.write(tufKeys, { data }, await stack.store.read(tufKeys));
    expect(await run(what)).toEqual(['settle', 'serve', 'note', 'sign', 'serve', 'finish']);
    expect(version()).toBe(3);
  });

  it('is no more done because the other one was', async () => {
    const before = await keys();
    stack.budget = 1;
    await expect(run(what)).rejects.toThrow(Killed);
    stack.budget = Number.POSITIVE_INFINITY;
    const other = what === 'tuf-root' ? 'tuf-keys' : 'tuf-root';
    await run(other);
    expect(version()).toBe(1 + roots[other]);
    expect(await run(what)).toContain('sign');
    expect(version()).toBe(4);
    const after = await keys();
    for (const name of ['root', ...online]) expect(after[name]).not.toEqual(before[name]);
  });

  it('leaves the root to the people who keep its key', async () => {
    const record = await stack.store.read(tufKeys);
    await stack.store.write(tufKeys, { remove: ['root'] }, record);
    stack.changes.length = 0;
    await expect(run(what)).rejects.toMatchObject({
      failure: 'contradiction',
      message: expect.stringContaining("people keep the root's key"),
    });
    expect(stack.changes).toEqual([]);
    expect((await stack.store.read(tufRepository))?.data['2.root.json']).toBeUndefined();
  });
});
