import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identity, saveLoseRestore, unpackRepository, verify, wrongsAfter } from './restoring.ts';
import { rig } from './rig.ts';
import { type Stack, startStack } from './stack.ts';

const instance = 'restore';
let stack: Stack;

beforeAll(async () => {
  stack = await startStack(instance);
  for (let nth = 0; nth < 2; nth++) await stack.ledger.signWithin(60_000);
});
afterAll(async () => {
  await stack?.remove();
  await rig(instance).must(['down']);
});

describe('docs/backup.md', () => {
  it('brings back a stack in a new cluster, as if nothing had been', async () => {
    const before = await identity(stack.cluster);
    expect(before.length).toBeGreaterThan(10);
    await saveLoseRestore(stack);
    expect(await identity(stack.cluster)).toEqual(before);
    expect(await wrongsAfter(stack)).toEqual([]);
  }, 600_000);

  it('brings back a repository that was lost from its archive', async () => {
    const before = await identity(stack.cluster);
    const folder = join(stack.work, 'archive');
    await mkdir(folder);
    await unpackRepository(stack, folder);
    expect(await identity(stack.cluster)).toEqual(before);
    await verify(stack.client, stack.ledger.signatures[0]!);
  });
});
