import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError } from '@sigstand/job/errors';
import { temporaryFolder } from '@sigstand/job/temporary';
import { BaseFetcher, Updater } from 'tuf-js';
import {
  DownloadHTTPError,
  DownloadLengthMismatchError,
  ExpiredMetadataError,
} from 'tuf-js/dist/error.js';
import { type Followed, rolesIn } from './tuf-roles.ts';
import type { Way } from './way.ts';

/** The two documents that clients take from the repository. */
export interface Documents {
  readonly trustedRoot: Uint8Array;
  readonly signingConfig: Uint8Array;
}

/** What a client came to that knows nothing but the first root. */
export interface Repository extends Followed {
  readonly documents?: Documents;
}

/**
 * Follows a mirror as sigstore-js does, with an empty cache: from the root given, else from the mirror's own first one,
 * to both documents.
 */
export async function follow(
  mirror: string,
  way: Way,
  pinned: Uint8Array | undefined,
): Promise<Repository> {
  const fetcher = new NotingFetcher(way);
  const cache = await temporaryFolder('sigstand-status-', 'the TUF client');
  let root = pinned;
  try {
    root ??= await fetcher.downloadBytes(`${mirror}/1.root.json`, 1 << 20);
    await writeFile(join(cache, 'root.json'), root);
    const documents = await documentsBy(mirror, cache, fetcher);
    return { ...told(root, fetcher), documents };
  } catch (error) {
    return { ...told(root, fetcher), stopped: stopped(mirror, error) };
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

async function documentsBy(
  mirror: string,
  cache: string,
  fetcher: BaseFetcher,
): Promise<Documents> {
  const client = new Updater({
    ...{ metadataDir: cache, metadataBaseUrl: mirror, fetcher },
    targetBaseUrl: `${mirror}/targets`,
  });
  await client.refresh();
  const read = async (name: string) => {
    const target = await client.getTargetInfo(name);
    if (target === undefined) throw new Error(`it has no target ${name}`);
    return readFile(await client.downloadTarget(target, join(cache, 'target')));
  };
  return {
    trustedRoot: await read('trusted_root.json'),
    signingConfig: await read('signing_config.v0.2.json'),
  };
}

function told(root: Uint8Array | undefined, { files }: NotingFetcher): Followed {
  return {
    ...(root && { firstRoot: createHash('sha256').update(root).digest('hex') }),
    roles: rolesIn({ ...(root && { '0.root.json': root }), ...files }),
  };
}

/** Why a client goes no further. */
function stopped(mirror: string, error: unknown): NonNullable<Followed['stopped']> {
  if (error instanceof ExpiredMetadataError) return 'expired';
  if (error instanceof JobError) return error;
  const why = error instanceof Error ? error.message : 'unknown error';
  if (error instanceof DownloadHTTPError) {
    return new JobError('unavailable', `${mirror}: ${why}`, {
      hint: 'see whether it is the mirror of a stack, and what createtuf says there',
    });
  }
  return new JobError('contradiction', `a TUF client refuses ${mirror}: ${why}`, {
    cause: error,
    hint: 'compare with a root that a client holds; what createtuf publishes, a client has checked',
  });
}

/** Fetches by a way, and keeps what it fetched. */
class NotingFetcher extends BaseFetcher {
  readonly files: Record<string, Buffer> = {};
  readonly #way: Way;

  constructor(way: Way) {
    super();
    this.#way = way;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { status, body } = await this.#way({ url });
    const name = url.split('/').at(-1) ?? '';
    if (status !== 200) throw new DownloadHTTPError(`${name}: answered ${status}`, status);
    this.files[name] = body;
    return new Response(new Uint8Array(body)).body as never;
  }

  // The library's own makes a folder and a file for each.
  override async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    await this.fetch(url);
    const bytes = this.files[url.split('/').at(-1) ?? ''] ?? Buffer.alloc(0);
    if (bytes.length > maxLength) throw new DownloadLengthMismatchError('Max length reached');
    return bytes;
  }
}
