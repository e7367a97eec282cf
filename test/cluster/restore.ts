import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { identity, saveLoseRestore, unpackRepository, verify, wrongsAfter } from './restoring.ts';
import type { Stack } from './stack.ts';

/** That docs/backup.md brings back a stack that has signed, whose cluster is lost here with all that it has. */
export function describeRestore(of: () => Stack): void {
  it('brings back a stack in a new cluster, as if nothing had been', async () => {
    const before = await identity(of().cluster);
    expect(before.length).toBeGreaterThan(10);
    await saveLoseRestore(of());
    expect(await identity(of().cluster)).toEqual(before);
    expect(await wrongsAfter(of())).toEqual([]);
  }, 600_000);

  it('brings back a repository that was lost from its archive', async () => {
    const before = await identity(of().cluster);
    const folder = join(of().work, 'archive');
    await mkdir(folder);
    await unpackRepository(of(), folder);
    expect(await identity(of().cluster)).toEqual(before);
    await verify(of().client, of().ledger.signatures[0]!);
  });
}
