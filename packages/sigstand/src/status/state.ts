import { statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { JobError } from '@sigstand/job/errors';
import { fileAt, placeAt } from '@sigstand/job/file';
import { readSeen, type Seen, seenText } from './seen.ts';

const most = 16 << 20; // bytes

/** What a run has left in the file that a flag names. @throws {JobError} */
export function seenAt(flag: string, path: string): Seen {
  return readSeen(Buffer.from(fileAt(flag, path, { most, failure: 'usage' })).toString(), flag);
}

/** What a run before left; nothing where there is no such file yet. @throws {JobError} */
export function seenBefore(flag: string, path: string): Seen {
  placeAt(flag, path);
  return isThere(path) ? seenAt(flag, path) : {};
}

function isThere(path: string): boolean {
  try {
    statSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return true;
}

/** @throws {JobError} data, where the file cannot be written. */
export const keep = (path: string, seen: Seen) => written('--state', path, seenText(seen));

/** What Prometheus reads, by node_exporter, at any moment. @throws {JobError} data, where the file cannot be written. */
export const writeMetrics = (path: string, text: string) => written('--metrics', path, text);

async function written(flag: string, named: string, text: string): Promise<void> {
  const path = placeAt(flag, named);
  try {
    // As a whole, or not at all: half a file would be refused the next time.
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
