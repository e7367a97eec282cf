import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { lstat, mkdir, readlink, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Data, type Ref, StoreError, show } from './store.ts';

/** What stands under a record's name in a directory: nothing, our link, or what people put there. */
export type Standing = 'nothing' | 'our link' | 'folder' | 'their link';

/** @throws {StoreError} INVALID, where it is neither a folder nor a link. */
export async function standing(ref: Ref, path: string): Promise<Standing> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return 'nothing';
  if (found.isDirectory()) return 'folder';
  if (!found.isSymbolicLink()) throw invalid(ref, 'is a file, and not a folder with a file a key');
  return (await readlink(path)).startsWith(`.${ref.name}/`) ? 'our link' : 'their link';
}

/**
 * What is read of a record that is not there. One that people put beside its place, without the folder of
 * its kind or with another spelling of that, would be passed over, and another made.
 *
 * @throws {StoreError} INVALID
 */
export function absent(root: string, ref: Ref): undefined {
  const { namespace, kind, name } = ref;
  const folder = join(root, namespace);
  const beside = existsSync(folder) ? readdirSync(folder) : [];
  const alike = [kind, `${kind}s`].map((one) => one.toLowerCase());
  const kinds = beside.filter((one) => one !== kind && alike.includes(one.toLowerCase()));
  const found = ['', ...kinds].find((one) => existsSync(join(folder, one, name)));
  if (found === undefined) return undefined;
  throw invalid(ref, `is not in its place, ${join(namespace, kind, name)}`, {
    hint: `move it there from ${join(namespace, found, name)}`,
  });
}

/**
 * The files of a folder by their names, as kubectl makes a Secret of a folder. What begins with two dots
 * is passed over: in a mounted Secret the kubelet keeps its own affairs there.
 *
 * @throws {StoreError} INVALID, where something in it is no key with its value.
 */
export function filesIn(ref: Ref, folder: string): Data {
  const data: Record<string, Uint8Array> = {};
  // In one go: a thread's turn for each of a thousand small files costs more than reading them.
  for (const key of readdirSync(folder).sort()) {
    if (key.startsWith('..')) continue;
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
      throw invalid(ref, 'has a file whose name is no key: letters, digits, -, _ and . make one');
    }
    const found = statSync(join(folder, key), { throwIfNoEntry: false });
    if (found === undefined) throw invalid(ref, `has a link, ${key}, that leads nowhere`);
    if (!found.isFile()) throw invalid(ref, `has ${key}, which is not a file`);
    data[key] = new Uint8Array(readFileSync(join(folder, key)));
  }
  return data;
}

/** The version of a record that people made: it changes with its content. */
export function versionOf(data: Data): string {
  const hash = createHash('sha256');
  for (const [key, bytes] of Object.entries(data))
    hash.update(`${key}\0${bytes.length}\0`).update(bytes);
  return `0-${hash.digest('hex')}`;
}

/**
 * Makes the folder that people put there the first of the record's versions, as it is; nothing of it
 * is copied or changed. It does nothing where another writer has done so.
 *
 * @throws {StoreError} INVALID, where it is a link to somewhere else.
 */
export async function takeOver(ref: Ref, path: string, versions: string): Promise<void> {
  const now = await standing(ref, path);
  if (now === 'their link') {
    throw invalid(ref, 'is a link to somewhere else, and is not replaced', {
      hint: 'put a folder in its place, with the files in it',
    });
  }
  if (now !== 'folder') return;
  await mkdir(join(versions, '0'), { recursive: true });
  await writeFile(join(versions, '0/annotations.json'), '{}');
  await rename(path, join(versions, '0/data')).catch((error: NodeJS.ErrnoException) => {
    const { code = '' } = error;
    if (code === 'EBUSY' || code === 'EXDEV') {
      throw invalid(ref, 'is a mount, and cannot be moved aside', {
        hint: 'mount the whole directory, or copy the files into a folder',
      });
    }
    // Of two writers one comes second: the folder is gone, or our link is in its place.
    if (!['ENOENT', 'EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw error;
  });
}

/** A record that is not what a directory's record is. */
export function invalid(ref: Ref, what: string, { hint }: { hint?: string } = {}): StoreError {
  return new StoreError('INVALID', `${show(ref)} in the directory ${what}`, {
    ...(hint && { hint }),
  });
}
