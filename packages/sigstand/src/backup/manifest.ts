import { JobError } from '@sigstand/job/errors';
import type { Naming } from '../names.ts';
import type { Head } from './heads.ts';

/** One part of a backup: a file in its tar. */
export interface Listed {
  readonly name: string;
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** By what one knows a stack; nothing of it is secret. */
export interface Identity extends Naming {
  /** SHA-256 of the root from which clients' trust began. */
  readonly firstRoot: string;
  /** The trees of both logs. */
  readonly rekorTree: string;
  readonly ctlogTree: string;
  /** The trees in which Rekor's log was before. */
  readonly rekorShards?: readonly string[];
  /** Those of CT logs in which nobody writes any more. */
  readonly ctlogShards?: readonly string[];
}

/** The trees of logs in which nobody writes any more. */
export function oldTreesIn({ rekorShards = [], ctlogShards = [] }: Identity): readonly string[] {
  return [...rekorShards, ...ctlogShards];
}

/** A dump of the database; without one it is somebody else's, who saves it by other means. */
export interface Dumped {
  /** Of SQL, before it was compressed. */
  readonly bytes: number;
  /** The newest head of each tree in it. */
  readonly heads: readonly Head[];
}

/** What a backup says of itself. It comes last, since it has the checksums of all that is before it. */
export interface Manifest {
  /** When the dump began; what was signed later is not in it. */
  readonly made: string;
  /** The version of the program that made it. */
  readonly by: string;
  readonly stack: Identity;
  /** Version of the TUF repository's timestamp: clients refuse what is older than what they saw. */
  readonly timestamp: number;
  readonly database: Dumped | 'external';
  readonly parts: readonly Listed[];
}

/** The first part says which form the rest has, for programs that know another one. */
export const formPart = 'form';
export const manifestPart = 'manifest.json';
/** As `sha256sum --check` takes it. */
export const checksumPart = 'manifest.sha256';
/** Parts of one gzipped dump begin so; a number follows. */
export const dumpPart = 'database.sql.gz.';

const form = 'sigstand-backup';
const version = 1;

/** The first part. */
export function formText(): string {
  return `${form} ${version}\n`;
}

/** @throws {JobError} data, where a file begins with something else, or is of a form that is not known here. */
export function checkForm(text: string | undefined): void {
  const [, found] = new RegExp(`^${form} (\\d{1,9})\n$`).exec(text ?? '') ?? [];
  if (found === undefined) throw notOurs();
  if (Number(found) === version) return;
  throw new JobError(
    'data',
    `the backup has form ${found}, and this sigstand reads form ${version}`,
    {
      hint: 'take the version of sigstand that made it, or a newer one',
    },
  );
}

/** What is no backup at all. */
export function notOurs(): JobError {
  return new JobError('data', 'the file is not a backup that sigstand has made', {
    hint: 'name the file that sigstand backup has written',
  });
}

/** What is no backup any more. Nothing of it was used. */
export function damaged(what: string, cause?: unknown): JobError {
  return new JobError('data', `the backup is cut short or was altered: ${what}`, {
    cause,
    hint: 'nothing was written; take another copy of it',
  });
}

/** @throws {JobError} data, where it is not what `sigstand backup` writes. */
export function readManifest(text: string): Manifest {
  try {
    const manifest = JSON.parse(text) as Manifest;
    const { made, by, stack, timestamp, database, parts } = manifest;
    const sound = [
      !Number.isNaN(Date.parse(made)),
      typeof by === 'string',
      /^[0-9a-f]{64}$/.test(stack.firstRoot),
      [stack.rekorTree, stack.ctlogTree, ...oldTreesIn(stack)].every((tree) => isDigits(tree)),
      Number.isSafeInteger(timestamp),
      database === 'external' || isDump(database),
      parts.every((part) => typeof part.name === 'string' && isHash(part.sha256)),
    ];
    if (sound.every(Boolean)) return manifest;
  } catch {
    // The same: it is told without what is in it.
  }
  throw damaged(manifestPart);
}

function isDump({ bytes, heads }: Dumped): boolean {
  return (
    Number.isSafeInteger(bytes) &&
    heads.every(
      ({ tree, size, root }) =>
        isDigits(tree) && Number.isSafeInteger(size) && /^[0-9a-f]*$/.test(root),
    )
  );
}

function isDigits(text: unknown): boolean {
  return typeof text === 'string' && /^\d{1,19}$/.test(text);
}

function isHash(text: unknown): boolean {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}
