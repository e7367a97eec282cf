import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { identity, saveLoseRestore, unpackRepository, verify, wrongsAfter } from './restoring.ts';
import {
  backUpWhileSigning,
  handsOn,
  loseAllThatIsStored,
  objectsThere,
  wrongsIn,
} from './restoring-cli.ts';
import type { Stack } from './stack.ts';

/** That docs/backup.md brings back a stack that has signed, whose cluster is lost here with all that it has. */
export function describeRestore(of: () => Stack): void {
  it('brings back by the CLI all that was stored, from a backup that was made while clients signed', async () => {
    const hands = await handsOn(of().cluster, of().work);
    const { saved, meanwhile, remove } = await backUpWhileSigning(of(), hands);
    const before = await identity(of().cluster);
    await loseAllThatIsStored(of());
    expect(await objectsThere(of())).toEqual([]);
    const restored = await hands.cli(...hands.restore);
    expect(restored).toMatchObject({ status: 0 });
    expect(JSON.parse(restored.stdout)).toMatchObject({
      database: { how: 'loaded', heads: saved.database.heads },
    });
    expect(await identity(of().cluster)).toEqual(before);
    expect(await wrongsIn(of(), saved, meanwhile)).toEqual([]);
    const again = JSON.parse((await hands.cli(...hands.restore)).stdout);
    expect(again).toMatchObject({ database: { how: 'there' }, objects: { created: [], kept: [] } });
    await remove();
  }, 300_000);

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
