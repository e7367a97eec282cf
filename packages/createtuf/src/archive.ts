import { gunzipSync, gzipSync } from 'node:zlib';
import type { Data } from '@sigstand/store/store';
import { extract, type Header, pack } from 'tar-stream';
import { withoutPage } from './page-file.ts';
import { isTarget, signingTimes } from './times.ts';

/** The top folder: policy-controller's TrustRoot looks for it. */
const top = 'repository';

/**
 * A repository's files as a gzipped tar, each with the time of its signature; the same files always make the same tar.
 * The page for people is left out: it is no part of the repository.
 *
 * policy-controller reads each file by one Read, and Go's inflater hands out no more than what is left of a 32 KiB window
 * (its pkg/tuf/repo.go, as of 0.15.1): a file that lies across two of them would end in zeros. So none does that fits into
 * one; in its place the folder's own entry is repeated, which says nothing new to any reader.
 */
export async function archive(files: Data): Promise<Uint8Array> {
  const timeOf = signingTimes(files);
  const newest = timeOf('timestamp.json');
  const folder = (name: string) => packed({ name, type: 'directory', mode: 0o755, mtime: newest });
  const filler = await folder(top);
  const parts = [filler, await folder(`${top}/targets`)];
  let length = parts.reduce((sum, part) => sum + part.length, 0);
  const entries = Object.entries(withoutPage(files))
    .map(([name, bytes]) => ({ name: pathOf(name), bytes, mtime: timeOf(name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, bytes, mtime } of entries) {
    const part = await packed({ name, mode: 0o644, mtime }, bytes);
    // A long name puts more than one block before the data, which ends with the part.
    const start = length + part.length - Math.ceil(bytes.length / block) * block;
    const left = window - (start % window);
    const fillers = left < bytes.length && bytes.length <= window ? left / block : 0;
    parts.push(...Array<Buffer>(fillers).fill(filler), part);
    length += fillers * block + part.length;
  }
  return new Uint8Array(gzipSync(Buffer.concat([...parts, end])));
}

const block = 512;
const window = 32_768;
/** Two blocks of zeros end a tar (POSIX ustar). */
const end = Buffer.alloc(2 * block);

/** One entry, without the end that a tar has. */
async function packed(
  header: Pick<Header, 'name' | 'mtime'> & Partial<Header>,
  bytes: Uint8Array = new Uint8Array(),
): Promise<Buffer> {
  const tar = pack();
  tar.entry({ uid: 0, gid: 0, ...header }, Buffer.from(bytes));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).subarray(0, -end.length);
}

/** Whether two archives hold the same; compressors of two versions may write it differently. */
export function sameArchive(a: Uint8Array | undefined, b: Uint8Array): boolean {
  if (a === undefined) return false;
  try {
    return Buffer.compare(unzipped(a), unzipped(b)) === 0;
  } catch {
    return false;
  }
}

/**
 * The files of an archive, under their names in a repository that is flat.
 *
 * @throws {ArchiveError} Where it is none, or grows to more than a repository.
 */
export async function unarchived(bytes: Uint8Array): Promise<Data> {
  const files: Record<string, Uint8Array> = {};
  try {
    const tar = extract();
    tar.end(unzipped(bytes));
    for await (const entry of tar) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      const { name, type } = entry.header;
      if (type !== 'file' || !name.startsWith(`${top}/`)) continue;
      files[name.split('/').at(-1) ?? ''] = new Uint8Array(Buffer.concat(chunks));
    }
  } catch (error) {
    throw new ArchiveError('is not a gzipped tar of a repository', { cause: error });
  }
  return files;
}

/** What should be a repository's archive, and is not. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly fault = 'data';
}

/** What an archive tells of the repository that it was made from; undefined where it is none of ours. */
export async function archivedState(
  bytes: Uint8Array,
): Promise<{ readonly timestamp: number; readonly root: Uint8Array } | undefined> {
  try {
    const files = await unarchived(bytes);
    const root = files['1.root.json'];
    const { version } = JSON.parse(Buffer.from(files['timestamp.json'] ?? []).toString()).signed;
    return root && Number.isSafeInteger(version) ? { timestamp: version, root } : undefined;
  } catch {
    // It is made anew from the repository.
    return undefined;
  }
}

/** What a full repository grows to at most; an archive that grows to more is none of ours. */
const mostBytes = 8 * 1_048_576;

function unzipped(bytes: Uint8Array): Buffer {
  return gunzipSync(bytes, { maxOutputLength: mostBytes });
}

/** Targets lie in a folder of their own, as they would on a server. */
function pathOf(name: string): string {
  return isTarget(name) ? `${top}/targets/${name}` : `${top}/${name}`;
}
