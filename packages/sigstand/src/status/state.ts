import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { JobError } from '@sigstand/job/errors';
import { readSeen, type Seen, seenText } from './seen.ts';

/** What a run before left; nothing where there is no such file yet. @throws {JobError} */
export function seenAt(path: string | undefined): Seen {
  if (path === undefined) return {};
  try {
    return readSeen(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (error instanceof JobError) throw error;
    if (code === 'ENOENT') return {};
    throw new JobError('usage', `--state cannot be read: ${code}`, { cause: error });
  }
}

/** @throws {JobError} data, where the file cannot be written. */
export const keep = (path: string, seen: Seen) => written('--state', path, seenText(seen));

/** What Prometheus reads, by node_exporter, at any moment. @throws {JobError} data, where the file cannot be written. */
export const writeMetrics = (path: string, text: string) => written('--metrics', path, text);

async function written(flag: string, path: string, text: string): Promise<void> {
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
