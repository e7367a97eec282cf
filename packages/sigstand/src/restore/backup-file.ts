import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { JobError } from '@sigstand/job/errors';
import { decrypted, isEncrypted } from '../backup/age.ts';

/** A backup on disk: its tar, from the beginning, as often as it is asked for. */
export type BackupFile = () => AsyncIterable<Uint8Array>;

const flag = '--from';

/**
 * The file that `--from` names, opened by these identities where it is encrypted.
 *
 * @throws {JobError} usage, where it cannot be read, or nobody is named who opens it.
 */
export async function backupFile(path: string, identities: readonly string[]): Promise<BackupFile> {
  const read = () => told(createReadStream(path));
  if (!isEncrypted(await headOf(path))) return read;
  if (identities.length > 0) return () => decrypted(read(), identities);
  throw new JobError('usage', 'the backup is encrypted, and no --identity-file is given', {
    hint: 'name the file that age-keygen wrote, for one of those to whom it is encrypted',
  });
}

async function headOf(path: string): Promise<Uint8Array> {
  try {
    if (!statSync(path).isFile()) throw new JobError('usage', `${flag} is not a file`);
    const file = await open(path);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64), 0, 64, 0);
    await file.close();
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw unread(error);
  }
}

async function* told(bytes: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw unread(error);
  }
}

function unread(error: unknown): JobError {
  if (error instanceof JobError) return error;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new JobError('usage', `${flag} cannot be read: ${code}`, { cause: error });
}
