import { JobError } from '@sigstand/job/errors';
import {
  type Annotations,
  type Change,
  type Data,
  type Snapshot,
  show,
} from '@sigstand/store/store';
import { archivedState } from './archive.ts';
import { sha256 } from './metadata.ts';
import type { Objects } from './options.ts';

/*
 * Clients start from the first root and never take another one. Three records tell which it is: the
 * repository, the Secret that clients are given, and a note on the role keys. A repository that is gone
 * is restored; a new one in its place would have another first root.
 */

/** The note on the role keys: the SHA-256 of the first root that they signed; empty until it is published. */
const note = 'sigstand.dev/first-root';
const notYet = '';

/** For keys that are made: whoever finds them without a repository may publish one. */
export const unpublished: Annotations = { [note]: notYet };

/** Whether these keys still have to publish their first root, by their own note. */
export function isUnpublished({ annotations }: Pick<Snapshot, 'annotations'>): boolean {
  return annotations[note] === notYet;
}

/** What the role keys' note lacks after the repository was published; who manages the keys keeps their notes. */
export function lackingNote(keys: Keys, files: Data): Change | undefined {
  const digest = sha256(firstRoot(files));
  if (keys.owner !== undefined || keys.annotations[note] === digest) return undefined;
  return { annotations: { [note]: digest } };
}

type Keys = Pick<Snapshot, 'annotations' | 'owner'>;

/** What is known of a first root that clients were given. */
export interface Given {
  /** The role keys as they were stored before this run; undefined where there were none. */
  readonly keys: Pick<Snapshot, 'annotations'> | undefined;
  /** The first root in the Secret that clients are given, or in its archive. */
  readonly root: Uint8Array | undefined;
  /** The version of the timestamp in that archive; undefined where there is no archive. */
  readonly archived: number | undefined;
}

/** What clients are given besides the repository. */
export async function handedOutBy(found: Snapshot | undefined): Promise<Omit<Given, 'keys'>> {
  const { root, repository } = found?.data ?? {};
  const packed = repository && (await archivedState(repository));
  return { root: root ?? packed?.root, archived: packed?.timestamp };
}

/**
 * Holds the repository against what clients were given. `files` must have been read after the keys, since
 * the keys' note is written after the repository.
 *
 * @throws {JobError} contradiction, where the repository is gone, or begins with another root.
 */
export function refuseOtherStart(objects: Objects, files: Data | undefined, given: Given): void {
  const first = files?.['1.root.json'];
  if (files === undefined || Object.keys(files).length === 0) refuseGone(objects, given);
  else if (first !== undefined) refuseOtherRoot(objects, first, given);
}

function refuseGone(objects: Objects, given: Given): void {
  const { keys, root: known } = given;
  const place = show(objects.repository);
  if (known !== undefined) {
    const also = keys ? '' : `, and the keys that signed it are not in ${show(objects.keys)}`;
    throw new JobError(
      'contradiction',
      `${place} is gone, but ${show(objects.root)} has given clients root ${sha256(known)}${also}`,
      {
        hint: `nothing was changed; ${keys ? '' : `${restore(objects.keys)}; `}${unpack(objects, given)}`,
      },
    );
  }
  if (keys === undefined || isUnpublished(keys)) return;
  const signed = keys.annotations[note];
  if (signed === undefined) throw unnoted(objects);
  throw new JobError(
    'contradiction',
    `${place} is gone, and clients start from root ${told(signed)}, which the keys in ${show(objects.keys)} signed`,
    { hint: `nothing was changed; ${restore(objects.repository)}` },
  );
}

/** A repository without the keys to sign it again. */
export function keysGone({ repository, keys }: Objects): JobError {
  return new JobError(
    'contradiction',
    `${show(repository)} is there, but the keys that it was signed with are not in ${show(keys)}`,
    {
      hint:
        'nothing was changed; restore the Secret from your backup, with its annotations (docs/backup.md); ' +
        'without it, only a repository with a new root can be made',
    },
  );
}

/** Keys of which nobody knows whether clients trust what they signed. */
function unnoted({ repository, keys }: Objects): JobError {
  const { namespace, name } = keys;
  return new JobError(
    'contradiction',
    `${show(keys)} has no note ${note}, and there is no ${show(repository)} that it signed`,
    {
      hint:
        `nothing was changed; ${restore(repository)}; or, where these keys have never signed for a client: ` +
        `kubectl annotate secret -n ${namespace} ${name} ${note}=${notYet}`,
    },
  );
}

function refuseOtherRoot(objects: Objects, first: Uint8Array, given: Given): void {
  const found = sha256(first);
  const begins = `${show(objects.repository)} begins with root ${found}`;
  const known = given.root && sha256(given.root);
  if (known !== undefined && known !== found) {
    throw new JobError(
      'contradiction',
      `${begins}, but ${show(objects.root)} has given clients root ${known}`,
      { hint: `nothing was changed; ${unpack(objects, given)}` },
    );
  }
  const signed = given.keys?.annotations[note];
  if (signed === undefined || signed === notYet || signed === found) return;
  throw new JobError(
    'contradiction',
    `${begins}, but the keys in ${show(objects.keys)} have signed root ${told(signed)} for clients`,
    {
      hint: `nothing was changed; ${restore(objects.repository)}, or ${show(objects.keys)} to match it`,
    },
  );
}

/** @throws {JobError} contradiction, where clients were given a newer repository than this one. */
export function refuseOlder(objects: Objects, found: number, given: Given): void {
  const { archived = 0 } = given;
  if (archived <= found) return;
  throw new JobError(
    'contradiction',
    `${show(objects.repository)} is at timestamp ${found}, but ${show(objects.root)} has given clients ${archived}`,
    { hint: `nothing was changed; ${unpack(objects, given)}` },
  );
}

/** How to bring back the repository from the archive beside the first root. */
export function unpack(
  { repository, root }: Objects,
  { archived }: Pick<Given, 'archived'>,
): string {
  if (archived === undefined) return restore(repository);
  const archive = `kubectl get secret -n ${root.namespace} ${root.name} -o jsonpath='{.data.repository}'`;
  const files = '$(find repository -type f | sed s/^/--from-file=/)';
  return (
    `restore the ConfigMap from the archive in ${show(root)}, in an empty folder: ` +
    `${archive} | base64 -d | tar xz && ` +
    `kubectl create configmap -n ${repository.namespace} ${repository.name} ${files} ` +
    '--dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -'
  );
}

function restore(ref: Objects['keys']): string {
  return `restore ${show(ref)} from your backup, with its annotations (docs/backup.md)`;
}

/** A note that somebody else wrote is not repeated. */
function told(digest: string): string {
  return /^[0-9a-f]{64}$/.test(digest) ? digest : 'of an odd name';
}

function firstRoot(files: Data): Uint8Array {
  return files['1.root.json'] ?? new Uint8Array();
}
