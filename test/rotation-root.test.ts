import { tufKeys, tufRepository } from '@sigstand/contracts/records';
import { openRepository } from '@sigstand/createtuf/repository';
import { beforeEach, describe, expect, it } from 'vitest';
import { rootWork } from '../packages/sigstand/src/rotate/tuf-root.ts';
import { Killed, type MemoryStack, memoryStack } from './rotating.ts';

/* sigstand rotate tuf-root, on a stack in memory whose createtuf is the real one. */

let stack: MemoryStack;
beforeEach(async () => {
  stack = await memoryStack();
});

async function run(): Promise<string[]> {
  const done: string[] = [];
  await (await rootWork(stack, {})).run((step) => void done.push(step));
  return done;
}

const version = () => openRepository(stack.served()).root.version;
const keys = async () => (await stack.store.read(tufKeys))?.data ?? {};

describe('sigstand rotate tuf-root', () => {
  it('gives the root another key, which the old one has signed, and does what it planned', async () => {
    const before = (await keys()).root;
    const { plan } = await rootWork(stack, {});
    expect(stack.changes).toEqual([]);
    const done = await run();
    expect(done).toEqual(['note', 'sign', 'serve', 'finish']);
    expect(plan.map((one) => 'step' in one && one.step)).toEqual(done);
    expect(version()).toBe(2);
    const { root, 'root-next': next } = await keys();
    expect(root).not.toEqual(before);
    expect(next).toBeUndefined();
  });

  it('killed before each of its changes, makes one new root and not two', async () => {
    let done: string[] | undefined;
    for (let deaths = 0; done === undefined && deaths < 20; deaths += 1) {
      stack.budget = 1;
      done = await run().catch((error) => {
        if (!(error instanceof Killed)) throw error;
        return undefined;
      });
      if (deaths === 2) {
        stack.budget = 1;
        await stack.run({ kind: 'CronJob', namespace: 'tuf-system', name: 'createtuf' });
      }
    }
    expect(done?.at(-1)).toBe('finish');
    expect(version()).toBe(2);
  });

  it('leaves the root to the people who keep its key', async () => {
    const record = await stack.store.read(tufKeys);
    await stack.store.write(tufKeys, { remove: ['root'] }, record);
    stack.changes.length = 0;
    await expect(run()).rejects.toMatchObject({
      failure: 'contradiction',
      message: expect.stringContaining("people keep the root's key"),
    });
    expect(stack.changes).toEqual([]);
    expect((await stack.store.read(tufRepository))?.data['2.root.json']).toBeUndefined();
  });
});
