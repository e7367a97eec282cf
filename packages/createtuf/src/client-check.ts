import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobError } from '@sigstand/job/errors';
import type { Data } from '@sigstand/store/store';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { publishedTargets, type Repository } from './repository.ts';

/** Asks whether clients will take a repository, before they are offered it. */
export type ClientCheck = (repository: Repository) => Promise<void>;

/**
 * Reads the repository with the TUF client of sigstore-js, from the first root to every target. No
 * network: the client's files come from memory; it wants a folder for its cache.
 *
 * @throws {JobError} bug, where the client refuses what this program signed.
 */
export const checkWithClient: ClientCheck = async (repository) => {
  const cache = await cacheFolder();
  try {
    await readAll(repository, cache);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown error';
    throw new JobError('bug', `a TUF client refuses the repository that was signed: ${why}`, {
      cause: error,
      hint: 'nothing was published; check the clock of this machine, and report it if that is right',
    });
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
};

const noFolder = new Set(['EACCES', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

async function cacheFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'createtuf-'));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // A disk that is full may have room later.
    const failure = noFolder.has(code) ? 'data' : 'tryAgain';
    throw new JobError(failure, `no folder can be made in ${tmpdir()} for the checking client`, {
      cause: error,
      hint: 'in a Pod with a read-only root, mount an emptyDir there',
    });
  }
}

async function readAll(repository: Repository, cache: string): Promise<void> {
  const targetDir = join(cache, 'targets');
  await mkdir(targetDir);
  await writeFile(join(cache, 'root.json'), repository.files['1.root.json'] ?? '');
  const client = new Updater({
    metadataDir: cache,
    metadataBaseUrl: nowhere,
    targetDir,
    targetBaseUrl: `${nowhere}/targets`,
    fetcher: new MemoryFetcher(repository.files),
  });
  await client.refresh();
  for (const { name, bytes } of publishedTargets(repository)) {
    const target = await client.getTargetInfo(name);
    const read = target && (await readFile(await client.downloadTarget(target)));
    if (read === undefined || Buffer.compare(read, bytes) !== 0) {
      throw new Error(`${name} is not what was signed`);
    }
  }
}

// Never resolved: the fetcher below looks at the last part of the path alone, as the web server does.
const nowhere = 'http://repository.invalid';

class MemoryFetcher extends BaseFetcher {
  readonly #files: Data;

  constructor(files: Data) {
    super();
    this.#files = files;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const bytes = this.#files[url.split('/').at(-1) ?? ''];
    if (bytes === undefined) throw new DownloadHTTPError('not in the repository', 404);
    return new ReadableStream({
      start(stream) {
        stream.enqueue(new Uint8Array(bytes));
        stream.close();
      },
    });
  }
}
