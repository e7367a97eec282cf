import { readFileSync, realpathSync, statSync } from 'node:fs';
import { type Failure, JobError } from './errors.ts';

/**
 * The bytes of the file that a flag names. The path is not told: who gives the file's content in its place
 * gives it away.
 *
 * @throws {JobError} `failure`, where there is no such file, or more than `most` bytes.
 */
export function fileAt(
  flag: string,
  path: string,
  { most, failure }: { most: number; failure: Failure },
): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    // A device has no size, and may never end.
    const file = statSync(path);
    bytes = file.isFile() && file.size <= most ? new Uint8Array(readFileSync(path)) : undefined;
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new JobError(failure, `${flag} cannot be read: ${code}`, { cause: error });
  }
  if (bytes !== undefined) return bytes;
  throw new JobError(failure, `${flag} is not a file of at most ${most} bytes`);
}

/**
 * Where a file is to be written that a flag names: the path, or what a link there leads to.
 *
 * @throws {JobError} usage, where something else is there, such as a device, whose place the file would take; and of `-`.
 */
export function placeAt(flag: string, path: string): string {
  // Who writes that means standard output, and would have a file of that name.
  if (path === '-') throw new JobError('usage', `${flag} takes a file, not standard output`);
  try {
    if (statSync(path).isFile()) return realpathSync(path);
  } catch {
    // Why nothing can be written there is told by who writes.
    return path;
  }
  throw new JobError('usage', `${flag} names something that is no file`, {
    hint: 'name a file; it may be one that is not there yet',
  });
}
