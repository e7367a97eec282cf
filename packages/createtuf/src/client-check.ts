import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobError } from '@sigstand/job/errors';
import type { Data } from '@sigstand/store/store';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError, DownloadLengthMismatchError } from 'tuf-js/dist/error.js';
import type { Repository } from './repository.ts';

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
  await writeFile(join(cache, 'root.json'), repository.files['1.root.json'] ?? '');
  // Where the client finds a file, and where it would copy it to once it has verified it.
  const place = join(cache, 'target');
  const client = new Updater({
    metadataDir: cache,
    metadataBaseUrl: nowhere,
    targetBaseUrl: `${nowhere}/targets`,
    fetcher: new MemoryFetcher(repository.files, place),
  });
  await client.refresh();
  await refuseOtherList(repository, cache);
  // Not by name: the client would verify the whole list again for each of them.
  for (const target of Object.values(repository.targets.targets)) {
    await client.downloadTarget(target, place);
  }
}

/** The client keeps the list of targets that it took: it has to be the one that was signed. */
async function refuseOtherList({ files, targets }: Repository, cache: string): Promise<void> {
  const taken = await readFile(join(cache, 'targets.json'));
  const signed = files[`${targets.version}.targets.json`];
  if (signed && Buffer.compare(taken, signed) === 0) return;
  throw new Error('it took another list of targets');
}

// Never resolved: the fetcher below looks at the last part of the path alone, as the web server does.
const nowhere = 'http://repository.invalid';

class MemoryFetcher extends BaseFetcher {
  readonly #files: Data;
  readonly #place: string;

  /** `place` is the file through which the client gets its targets, one after the other. */
  constructor(files: Data, place: string) {
    super();
    this.#files = files;
    this.#place = place;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const bytes = this.#bytes(url);
    return new ReadableStream({
      start(stream) {
        stream.enqueue(new Uint8Array(bytes));
        stream.close();
      },
    });
  }

  /** Without the folder that the library makes and removes for each file. */
  override async downloadFile<T>(
    url: string,
    maxLength: number,
    handler: (file: string) => Promise<T>,
  ): Promise<T> {
    const bytes = this.#bytes(url);
    if (bytes.length > maxLength) throw new DownloadLengthMismatchError('Max length reached');
    writeFileSync(this.#place, bytes);
    return handler(this.#place);
  }

  #bytes(url: string): Uint8Array {
    const bytes = this.#files[url.split('/').at(-1) ?? ''];
    if (bytes === undefined) throw new DownloadHTTPError('not in the repository', 404);
    return bytes;
  }
}
