import { randomUUID } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { JobError } from '@sigstand/job/errors';
import type { Data } from '@sigstand/store/store';
import { unwritable } from '../unwritable.ts';
import { rootFile } from './files.ts';

/** The bytes of a file, or undefined where there is none. */
export async function bytesAt(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new JobError('data', `${path} cannot be read (${code})`, {
      cause: error,
      hint: 'check its rights, or name another folder with --to',
    });
  }
}

/**
 * Writes the files into a folder: a new one appears as a whole; in one that is there, each file is
 * replaced as a whole, once all of them are written, and no other file is touched.
 *
 * @throws {JobError} data, where the folder cannot be written; tryAgain, where it has no room; nothing has changed then.
 */
export async function writeFolder(folder: string, files: Data, timeOf: TimeOf): Promise<void> {
  try {
    if (!(await appears(folder, files, timeOf))) await replace(folder, files, timeOf);
  } catch (error) {
    if (error instanceof JobError) throw error;
    throw unwritable(folder, error, 'check its rights, or name another folder with --to');
  }
}

/** When a file's content was signed, which becomes the time of its last change. */
export type TimeOf = (name: string) => Date;

/** False where something is there already. */
async function appears(folder: string, files: Data, timeOf: TimeOf): Promise<boolean> {
  if (await lstat(folder).catch(() => undefined)) return false;
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const fresh = join(parent, `.export-${randomUUID()}`);
  await mkdir(fresh);
  try {
    await writeAll(fresh, files, timeOf);
    await rename(fresh, folder);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // Another export was faster.
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function replace(folder: string, files: Data, timeOf: TimeOf): Promise<void> {
  // It comes first: a folder that has it is an export's, also where the next run has to go on from here.
  const names = [rootFile, ...Object.keys(files).filter((name) => name !== rootFile)];
  const at = (name: string) => lstat(join(folder, name)).catch(() => undefined);
  const isExport = (await at(rootFile)) !== undefined;
  for (const name of names) {
    const there = await at(name);
    if (there && !isExport) {
      throw new JobError(
        'data',
        `${join(folder, name)} is there, in a folder without ${rootFile}`,
        {
          hint: 'it is no file of an export: move it away, or name another folder with --to',
        },
      );
    }
    if (there?.isDirectory()) {
      throw new JobError('data', `${join(folder, name)} is a folder`, {
        hint: 'move it away, or name another folder with --to',
      });
    }
  }
  // Within the folder, since a file can be moved into place only within one file system.
  const fresh = await mkdtemp(join(folder, '.export-'));
  try {
    await writeAll(fresh, files, timeOf);
    for (const name of names) await rename(join(fresh, name), join(folder, name));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function writeAll(folder: string, files: Data, timeOf: TimeOf): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(path, bytes);
    // All of it is public, whatever the caller's umask.
    await chmod(path, 0o644);
    await utimes(path, timeOf(name), timeOf(name));
  }
}
