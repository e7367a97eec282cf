import type { KeyObject } from 'node:crypto';
import type { Data } from '@sigstand/store/store';
import { canonicalize } from '@tufjs/canonical-json';
import { type MetaFile, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import { type Contents, targetsOf } from './documents.ts';
import { metaFile, type Signed, sha256, signedBytes, specVersion, tufDate } from './metadata.ts';
import { onlineKeys } from './online-keys.ts';
import { type Repository, targetFileName } from './repository.ts';
import type { OnlineKeys, Role, RoleKeys } from './role-keys.ts';
import { canRenew, nextRoot, type RootWish, rootOf } from './root.ts';
import { clockWentBack, isDue, isTooLate, type Schedules } from './schedule.ts';
import type { Target } from './targets.ts';
import { signedField } from './times.ts';

/** What a repository is to say, and by whose hand. */
export interface Wanted extends Contents {
  readonly keys: RoleKeys;
  readonly root: RootWish;
  readonly schedules: Schedules;
  /** Whether metadata may end earlier than what it follows. */
  readonly shorten: boolean;
  /** Whether online keys that were replaced are to go at once. */
  readonly hurries: boolean;
}

/** What has to be written to bring a repository to its next state. */
export interface Revision {
  /** The files that are new or have a new content. */
  readonly files: Data;
  /** The version of the snapshot that is the newest then. */
  readonly snapshot: number;
  /** What was signed, such as `timestamp 2 until 2026-12-01T00:00:00Z`. */
  readonly signed: readonly string[];
  /** What clients trust for signatures up to now only, and trusted without an end before. */
  readonly retired: readonly string[];
}

/**
 * What has to be signed so that a repository says what is wanted and nothing of it is near its end;
 * undefined where that is so already.
 *
 * @throws {RepositoryError} Where the repository trusts other keys than those at hand.
 * @throws {JobError} tryAgain, where the clock went back.
 */
export function reconcile(published: Repository | undefined, wanted: Wanted): Revision | undefined {
  const { schedules, hurries, now } = wanted;
  const overlap = { hurries, lifetime: schedules.timestamp.lifetime, now };
  const online = onlineKeys(published, wanted.keys, overlap);
  const { trusted, coming } = online;
  const { issue, files, signed } = issuing(published, wanted);
  const { root: isRootDue, ...others } = duties(published, wanted);

  const rekeys = coming !== undefined;
  const root = nextRoot(published?.root, wanted.root, { due: isRootDue, rekeys });
  if (root) issue('root', (base) => rootOf(base, root, coming ?? trusted).toJSON(), root.signers);
  const signing = root ? online.signingThen : online.signing;
  // Keys that were named just now have signed nothing yet.
  const isNew = signing.length > trusted.length;
  const due = isNew ? { targets: true, snapshot: true, timestamp: true } : others;
  const signers = (role: keyof OnlineKeys) => signing.map((one) => one[role]);

  const { targets, retired } = targetsOf(published, wanted);
  const listed = listing(targets);
  const changed = !sameListing(listed, published?.targets.targets);
  const targetsBefore = published?.snapshot.meta['targets.json'];
  const targetsNow =
    targetsBefore === undefined || changed || due.targets
      ? issue('targets', (base) => targetsJson(base, listed), signers('targets'))
      : targetsBefore;
  if (changed) Object.assign(files, filesOf(targets, published));

  const snapshotBefore = published?.timestamp.snapshotMeta;
  const snapshotNow =
    snapshotBefore === undefined || targetsNow !== targetsBefore || due.snapshot
      ? issue(
          'snapshot',
          (base) => new Snapshot({ ...base, meta: { 'targets.json': targetsNow } }).toJSON(),
          signers('snapshot'),
        )
      : snapshotBefore;

  if (snapshotNow !== snapshotBefore || due.timestamp) {
    issue(
      'timestamp',
      (base) => new Timestamp({ ...base, snapshotMeta: snapshotNow }).toJSON(),
      signers('timestamp'),
    );
  }
  return signed.length > 0 ? { files, snapshot: snapshotNow.version, signed, retired } : undefined;
}

/** Which roles have to be signed again because of the time. */
function duties(
  published: Repository | undefined,
  { schedules, shorten, root, now }: Wanted,
): Record<Role, boolean> {
  const isDueOf = (role: Role): boolean => {
    if (published === undefined) return true;
    const { expires } = published[role];
    const schedule = schedules[role];
    // A root that others sign has the end that they gave it.
    if (role === 'root' && !canRenew(published.root, root)) return isDue(expires, schedule, now);
    if (!isTooLate(expires, schedule, now)) return isDue(expires, schedule, now);
    if (!shorten) throw clockWentBack(role, { expires, schedule, now });
    return true;
  };
  return {
    root: isDueOf('root'),
    targets: isDueOf('targets'),
    snapshot: isDueOf('snapshot'),
    timestamp: isDueOf('timestamp'),
  };
}

interface Base {
  readonly version: number;
  readonly specVersion: string;
  readonly expires: string;
  readonly unrecognizedFields: { readonly [signedField]: string };
}

/** Signs the next version of a role's metadata; `files` and `signed` tell what came of it. */
function issuing(
  published: Repository | undefined,
  { schedules, shorten, now }: Pick<Wanted, 'schedules' | 'shorten' | 'now'>,
) {
  const files: Record<string, Uint8Array> = {};
  const signed: string[] = [];
  const issue = (
    role: Role,
    body: (base: Base) => Signed,
    signers: readonly KeyObject[],
  ): MetaFile => {
    const before = published?.[role];
    const schedule = schedules[role];
    const version = (before?.version ?? 0) + 1;
    const end = tufDate(now.getTime() + schedule.lifetime);
    if (before && end < before.expires && !shorten) {
      throw clockWentBack(role, { expires: before.expires, schedule, now });
    }
    const unrecognizedFields = { [signedField]: tufDate(now.getTime()) };
    const base = { version, specVersion, expires: end, unrecognizedFields };
    const bytes = signedBytes(body(base), signers);
    // With consistent snapshots a version's name is never used again, but for the timestamp's.
    files[role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`] = bytes;
    // For people, and for clients that ask a mirror for its newest root.
    if (role === 'root') files['root.json'] = bytes;
    signed.push(`${role} ${version} until ${end}`);
    return metaFile(version, bytes);
  };
  return { issue, files, signed };
}

/** What Targets.toJSON() makes, which copies all that it has for each target that it adds. */
function targetsJson(base: Base, listed: Listing): Signed {
  return { ...new Targets(base).toJSON(), targets: plain(listed) };
}

function plain(listed: Listing) {
  return Object.fromEntries(Object.entries(listed).map(([path, file]) => [path, file.toJSON()]));
}

type Listing = Record<string, TargetFile>;
type Json = Parameters<typeof TargetFile.fromJSON>[1];

function listing(targets: readonly Target[]): Listing {
  return Object.fromEntries(
    targets.map(({ name: path, bytes, custom }) => [
      path,
      new TargetFile({
        path,
        length: bytes.length,
        // One hash: clients build a file's name from the first one, whichever that is.
        hashes: { sha256: sha256(bytes) },
        unrecognizedFields: custom ? { custom: { ...custom } as Json } : {},
      }),
    ]),
  );
}

function sameListing(a: Listing, b: Listing | undefined): boolean {
  return b !== undefined && canonicalize(plain(a)) === canonicalize(plain(b));
}

function filesOf(targets: readonly Target[], published: Repository | undefined): Data {
  const named = targets.map(({ name, bytes }) => [targetFileName(name, bytes), bytes] as const);
  return Object.fromEntries(named.filter(([name]) => published?.files[name] === undefined));
}
