import { statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { JobError } from '@sigstand/job/errors';
import { placeAt } from '@sigstand/job/file';

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

/** Writes it as a whole, or not at all: who is killed leaves the one before. @throws {JobError} data, where it cannot be written. */
export async function writeWhole(flag: string, named: string, text: string): Promise<void> {
  const path = placeAt(flag, named);
  try {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new JobError('data', `${flag} cannot be written: ${code}`, {
      cause: error,
      hint: 'name a file in a folder that you may write to',
    });
  }
}
