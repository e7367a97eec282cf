import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import {
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { changed, refuseImmutable } from './change.ts';
import {
  absent,
  filesIn,
  invalid,
  type Standing,
  standing,
  takeOver,
  versionOf,
} from './plain-folder.ts';
import { type Ref, type Snapshot, type Store, StoreError, show } from './store.ts';

/*
 * <root>/<namespace>/<kind>/<name>            a symbolic link to the newest version
 * <root>/<namespace>/<kind>/.<name>/<n>/data/<key>
 * <root>/<namespace>/<kind>/.<name>/<n>/annotations.json
 * <root>/<namespace>/<kind>/.<name>/<n>/immutable      an empty file, where the record is
 *
 * A version appears by renaming a finished folder to the next number, which fails where that number
 * is taken: so a reader never sees half a record, and of two writers one loses. The link is for
 * people and servers, who read <name>/<key> as they would read a mounted Secret.
 *
 * <root>/<namespace>/<kind>/<name>/<key>      a folder that people made is read as it is; the first
 *                                             write moves it, unchanged, to .<name>/0/data
 */

/** A store in a directory, for those who want the files and have no cluster. */
export function directoryStore(root: string): Store {
  const read = async (ref: Ref): Promise<Snapshot | undefined> => {
    const place = placeOf(root, ref);
    const version = await newest(place.versions);
    const found = await standing(ref, place.link);
    if (found === 'our link') await refuseLost(ref, place);
    if (version === undefined) return unwritten(ref, place.link, found);
    if (found === 'folder' || found === 'their link') throw twoOf(ref);
    // A writer that was killed between its two renames left the link behind: mend it.
    await point(place, version);
    return load(ref, join(place.versions, String(version)), version);
  };

  const unwritten = async (ref: Ref, link: string, found: Standing) => {
    if (found === 'nothing') return absent(root, ref);
    if (!existsSync(link)) return undefined;
    // Our link came between the two looks.
    return found === 'our link' ? read(ref) : byHand(ref, link);
  };

  return {
    read: (ref) => io(ref, () => read(ref)),

    write: (ref, change, replacing) =>
      io(ref, async () => {
        const place = placeOf(root, ref);
        const version = Number.parseInt(replacing?.version ?? '0', 10) + 1;
        refuseImmutable(ref, replacing, change);
        await keepByHand(ref, place, replacing);
        await store(place, ref, version, changed(replacing, change));
        await point(place, version);
      }),

    warn: async () => {},
  };
}

interface Place {
  readonly link: string;
  readonly versions: string;
  readonly folder: string;
  readonly name: string;
}

function placeOf(root: string, { namespace, kind, name }: Ref): Place {
  const folder = join(root, namespace, kind);
  return { link: join(folder, name), versions: join(folder, `.${name}`), folder, name };
}

async function newest(versions: string): Promise<number | undefined> {
  const names = (await ifThere(() => readdir(versions))) ?? [];
  const numbers = names.filter((name) => /^\d+$/.test(name)).map(Number);
  // Where 0 has no data, its writer was killed before it took the folder.
  const whole = numbers.filter((number) => number > 0 || existsSync(join(versions, '0/data')));
  return whole.length > 0 ? Math.max(...whole) : undefined;
}

/** A record that people made, or its like after it became the first version. */
function byHand(ref: Ref, folder: string): Snapshot {
  const data = filesIn(ref, folder);
  return { data, annotations: {}, immutable: false, version: versionOf(data) };
}

/** Makes what people made a version, and refuses where it is no longer what was read. */
async function keepByHand(ref: Ref, { link, versions }: Place, replacing?: Snapshot) {
  const before = await newest(versions);
  if (before === undefined) await takeOver(ref, link, versions);
  else if (before > 0) return;
  const kept = join(versions, '0/data');
  if (existsSync(kept) && byHand(ref, kept).version !== replacing?.version) throw taken(ref);
}

/**
 * Refuses a link of ours whose version is gone, as in a copy without hidden files: what is lost would be
 * taken for what was never made. A version is there before its link is, and stays.
 */
async function refuseLost(ref: Ref, { link, versions }: Place): Promise<void> {
  const named = Number((await ifThere(() => readlink(link)))?.split('/')[1] ?? -1);
  if (((await newest(versions)) ?? -1) >= named) return;
  throw invalid(ref, `is lost: its link names .${ref.name}/${named}, which is not there`, {
    hint: `restore .${ref.name} from your backup, hidden files and all; without one, remove the link ${ref.name}`,
  });
}

function twoOf(ref: Ref): StoreError {
  return invalid(ref, `is there twice: as ${ref.name}, and in .${ref.name} as a Job left it`, {
    hint: `compare them; remove ${ref.name}, and what the Job left counts, or .${ref.name}, and what stands there counts`,
  });
}

async function load(ref: Ref, folder: string, version: number): Promise<Snapshot> {
  if (version === 0) return byHand(ref, join(folder, 'data'));
  const data = filesIn(ref, join(folder, 'data'));
  const annotations = notes(ref, await readFile(join(folder, 'annotations.json'), 'utf8'));
  const immutable = (await ifThere(() => stat(join(folder, 'immutable')))) !== undefined;
  return { data, annotations, immutable, version: String(version) };
}

function notes(ref: Ref, text: string): Snapshot['annotations'] {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(ref, 'has an annotations.json that is not JSON');
  }
}

async function store(
  { folder, versions }: Place,
  ref: Ref,
  version: number,
  content: Omit<Snapshot, 'version'>,
): Promise<void> {
  const secret = ref.kind === 'Secret';
  const draft = join(versions, `.${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  await mkdir(join(draft, 'data'), { recursive: true, mode: secret ? 0o700 : 0o755 });
  try {
    for (const [key, bytes] of Object.entries(content.data)) {
      writeFileSync(join(draft, 'data', key), bytes, { mode: secret ? 0o600 : 0o644 });
    }
    await writeFile(join(draft, 'annotations.json'), JSON.stringify(content.annotations));
    if (content.immutable) await writeFile(join(draft, 'immutable'), '');
    if (((await newest(versions)) ?? 0) >= version) throw taken(ref);
    await rename(draft, join(versions, String(version))).catch((error) => {
      throw isCode(error, 'ENOTEMPTY', 'EEXIST') ? taken(ref) : error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function point({ link, name }: Place, version: number): Promise<void> {
  const target = join(`.${name}`, String(version), 'data');
  const now = await ifThere(() => readlink(link));
  // Never backwards: another writer may be a version ahead.
  if (now === target || Number(now?.split('/')[1] ?? 0) > version) return;
  const draft = `${link}.${randomUUID()}`;
  await symlink(target, draft);
  await rename(draft, link);
}

function taken(ref: Ref): StoreError {
  return new StoreError('CONFLICT', `${show(ref)} was changed by somebody else`);
}

async function io<T>(ref: Ref, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const message = `${show(ref)}: the directory answered ${why}`;
    if (isCode(error, 'ENOTDIR', 'EISDIR', 'ELOOP')) {
      throw invalid(ref, `cannot be: ${why}`, { hint: 'a file is where a folder should be' });
    }
    if (!isCode(error, 'EACCES', 'EPERM', 'EROFS')) {
      throw new StoreError('UNEXPECTED', message, { cause: error });
    }
    const hint = 'give the directory to the user that runs this, or name another';
    throw new StoreError('FORBIDDEN', message, { cause: error, hint });
  }
}

async function ifThere<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
