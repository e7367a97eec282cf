import { statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { placeAt } from '@sigstand/job/file';
import { unwritable } from './unwritable.ts';

/** Whether there is a file that a flag names, which is to be written anew. @throws {JobError} usage, where it is no file. */
export function isThere(flag: string, path: string): boolean {
  placeAt(flag, path);
  try {
    statSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return true;
}

/**
 * Writes it as a whole, or not at all: who is killed leaves the one before.
 *
 * @throws {JobError} data, where it cannot be written; tryAgain, where there is no room.
 */
export async function writeWhole(flag: string, named: string, text: string): Promise<void> {
  const path = placeAt(flag, named);
  const beside = `${path}.new`;
  try {
    await writeFile(beside, text);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw unwritable(flag, error, 'name a file in a folder that you may write to');
  }
}
