import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobError } from './errors.ts';

const noFolder = new Set(['EACCES', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

/** A new folder, in the place that the machine has for them; `whose` says for whom. @throws {JobError} */
export async function temporaryFolder(prefix: string, whose: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), prefix));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // A disk that is full may have room later.
    const failure = noFolder.has(code) ? 'data' : 'tryAgain';
    throw new JobError(failure, `no folder can be made in ${tmpdir()} for ${whose}`, {
      cause: error,
      hint: 'in a Pod with a read-only root, mount an emptyDir there; elsewhere TMPDIR names another place',
    });
  }
}
