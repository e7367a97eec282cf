import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, rename, unlink } from 'node:fs/promises';
import { JobError } from '@sigstand/job/errors';
import { unwritable } from '../unwritable.ts';

/** A file that comes into being as a whole, for its owner alone. */
export interface NewFile {
  write(chunk: Uint8Array): Promise<void>;
  /** Begins anew. */
  clear(): Promise<void>;
  /** Puts it in its place. @throws {JobError} data, where another has come to be there. */
  finish(): Promise<void>;
  /** Takes away what is not finished, also while it is written. */
  forget(): Promise<void>;
  /** The same for good. */
  abandon(): Promise<void>;
}

/** Begins a file, beside its place. @throws {JobError} data, where one is there, and it may not be replaced. */
export async function newFile(path: string, { replace }: { replace: boolean }): Promise<NewFile> {
  if (!replace && existsSync(path)) throw isThere();
  const beside = `${path}.${randomBytes(4).toString('hex')}.part`;
  const file = await told(open(beside, 'ax', 0o600));
  const forget = () => unlink(beside).catch(() => {});
  let isOpen = true;
  const close = async () => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  return {
    // It was opened to append: what is written after it was cleared is at its beginning.
    write: (chunk) => told(file.appendFile(chunk)),
    clear: () => told(file.truncate(0)),
    async finish() {
      await told(file.sync());
      await close();
      if (replace) await told(rename(beside, path));
      else await told(linked(beside, path));
    },
    forget,
    async abandon() {
      await close();
      await forget();
    },
  };
}

/** A link is refused where there is a file, in one step; not every file system has links. */
async function linked(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || existsSync(to)) throw isThere();
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    await rename(from, to);
    return;
  }
  await unlink(from);
}

function isThere(): JobError {
  return new JobError('data', '--to names a file that is there', {
    hint: 'name another one, or give --replace',
  });
}

async function told<T>(doing: Promise<T>): Promise<T> {
  try {
    return await doing;
  } catch (error) {
    if (error instanceof JobError) throw error;
    throw unwritable('--to', error, 'name a file in a folder that you may write to');
  }
}
