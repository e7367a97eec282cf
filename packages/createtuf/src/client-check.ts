import { writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError } from '@sigstand/job/errors';
import { temporaryFolder } from '@sigstand/job/temporary';
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
  const cache = await temporaryFolder('createtuf-', 'the checking client');
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

async function readAll(repository: Repository, cache: string): Promise<void> {
  await writeFile(join(cache, 'root.json'), repository.files['1.root.json'] ?? '');
  // Where the client finds a file, and where it would copy it to once it has verified it.
  const place = join(cache, 'target');
  const client = new Updater({
    metadataDir: cache,
    metadataBaseUrl: nowhere,
    targetBaseUrl: `${nowhere}/targets`,
    fetcher: new MemoryFetcher((name) => repository.files[name], place),
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

// Never resolved: the fetcher looks at the last part of the path alone.
const nowhere = 'http://repository.invalid';

/** Hands files out from memory, for a client that is to meet no network. */
export class MemoryFetcher extends BaseFetcher {
  readonly #serve: (name: string) => Uint8Array | undefined;
  readonly #place: string;

  /**
   * `serve` is asked for the last part of each URL, as the web server looks at no other; `place` is the
   * file through which the client gets its targets, one after the other.
   */
  constructor(serve: (name: string) => Uint8Array | undefined, place: string) {
    super();
    this.#serve = serve;
    this.#place = place;
  }

  override async fetch(): Promise<never> {
    throw new Error('everything comes from memory');
  }

  // The library's own makes a folder and a file for each download, which takes longer than all the rest.
  override async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    const name = url.split('/').at(-1) ?? '';
    const bytes = this.#serve(name);
    if (bytes === undefined) {
      throw new DownloadHTTPError(`not in the repository: there is no ${name}`, 404);
    }
    if (bytes.length > maxLength) throw new DownloadLengthMismatchError('Max length reached');
    return Buffer.from(bytes);
  }

  override async downloadFile<T>(
    url: string,
    maxLength: number,
    handler: (file: string) => Promise<T>,
  ): Promise<T> {
    writeFileSync(this.#place, await this.downloadBytes(url, maxLength));
    return handler(this.#place);
  }
}
