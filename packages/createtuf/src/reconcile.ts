import type { Data } from '@sigstand/store/store';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { canonicalize } from '@tufjs/canonical-json';
import { type MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import type { Addresses } from './addresses.ts';
import type { Material } from './material.ts';
import { metaFile, sha256, signedBytes, specVersion, tufDate, tufKey } from './metadata.ts';
import {
  publishedTargets,
  type Repository,
  RepositoryError,
  targetFileName,
} from './repository.ts';
import { type Role, type RoleKeys, roles } from './role-keys.ts';
import { signingConfigJson } from './signing-config.ts';
import { retiredTargets, separateTargets, type Target } from './targets.ts';
import { beginning, succeeding, trustedRoot, trustedRootJson } from './trusted-root.ts';

/** How long each role's metadata is valid, in milliseconds. */
export type Lifetimes = Readonly<Record<Role, number>>;

/** What a repository is to say, and by whose hand. */
export interface Wanted {
  readonly material: Material;
  readonly addresses: Addresses;
  readonly keys: RoleKeys;
  readonly lifetimes: Lifetimes;
  readonly now: Date;
}

/** What has to be written to bring a repository to its next state. */
export interface Revision {
  /** The files that are new or have a new content. */
  readonly files: Data;
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
 */
export function reconcile(published: Repository | undefined, wanted: Wanted): Revision | undefined {
  if (published) refuseOtherKeys(published.root, wanted.keys);
  const { issue, files, signed } = issuing(published, wanted);
  const due = (role: Role) =>
    published === undefined || isDue(published[role].expires, wanted.lifetimes[role], wanted.now);

  if (due('root')) issue('root', (base) => rootOf(base, wanted.keys));

  const { targets, retired } = targetsOf(published, wanted);
  const listed = listing(targets);
  const changed = !sameListing(listed, published?.targets.targets);
  const targetsBefore = published?.snapshot.meta['targets.json'];
  const targetsNow =
    targetsBefore === undefined || changed || due('targets')
      ? issue('targets', (base) => new Targets({ ...base, targets: listed }))
      : targetsBefore;
  if (changed) Object.assign(files, filesOf(targets, published));

  const snapshotBefore = published?.timestamp.snapshotMeta;
  const snapshotNow =
    snapshotBefore === undefined || targetsNow !== targetsBefore || due('snapshot')
      ? issue('snapshot', (base) => new Snapshot({ ...base, meta: { 'targets.json': targetsNow } }))
      : snapshotBefore;

  if (snapshotNow !== snapshotBefore || due('timestamp')) {
    issue('timestamp', (base) => new Timestamp({ ...base, snapshotMeta: snapshotNow }));
  }
  return signed.length > 0 ? { files, signed, retired } : undefined;
}

/**
 * Half of a lifetime is left for whoever must notice that nothing is signed any more. An end that is
 * too far off comes from a longer lifetime that was asked for before; a twentieth is for clocks that
 * disagree.
 */
function isDue(expires: string, lifetime: number, now: Date): boolean {
  const left = Date.parse(expires) - now.getTime();
  return left < lifetime / 2 || left > lifetime * 1.05;
}

interface Base {
  readonly version: number;
  readonly specVersion: string;
  readonly expires: string;
}

/** Signs the next version of a role's metadata; `files` and `signed` tell what came of it. */
function issuing(published: Repository | undefined, { keys, lifetimes, now }: Wanted) {
  const files: Record<string, Uint8Array> = {};
  const signed: string[] = [];
  const issue = (
    role: Role,
    body: (base: Base) => Root | Targets | Snapshot | Timestamp,
  ): MetaFile => {
    const version = (published?.[role].version ?? 0) + 1;
    const expires = tufDate(now.getTime() + lifetimes[role]);
    const bytes = signedBytes(body({ version, specVersion, expires }), keys[role]);
    // With consistent snapshots a version's name is never used again, but for the timestamp's.
    files[role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`] = bytes;
    // For people, and for clients that ask a mirror for its newest root.
    if (role === 'root') files['root.json'] = bytes;
    signed.push(`${role} ${version} until ${expires}`);
    return metaFile(version, bytes);
  };
  return { issue, files, signed };
}

/** One key for each role; a new root has consistent snapshots and a threshold of one. */
function rootOf(base: Base, keys: RoleKeys): Root {
  const root = new Root({ ...base, consistentSnapshot: true });
  for (const role of roles) root.addKey(tufKey(keys[role]), role);
  return root;
}

function refuseOtherKeys(root: Root, keys: RoleKeys): void {
  for (const role of roles) {
    const trusted = root.roles[role]?.keyIDs ?? [];
    const { keyID } = tufKey(keys[role]);
    if (trusted.length === 1 && trusted[0] === keyID) continue;
    throw new RepositoryError(
      `trusts ${trusted.map(told).join(', ') || 'nobody'} for ${role}, and the key at hand is ${keyID}`,
    );
  }
}

/** Key ids are digests, unless somebody else wrote them. */
function told(keyID: string): string {
  return /^[0-9a-f]{64}$/.test(keyID) ? keyID : 'a key of an odd name';
}

/** The files to hand out: the documents, the separate files, and what remains of what was before. */
function targetsOf(
  published: Repository | undefined,
  { material, addresses, now }: Wanted,
): { targets: Target[]; retired: string[] } {
  const before = published ? publishedTargets(published) : [];
  const separate = separateTargets(material, addresses);
  const { root, retired } = trustFrom(before, trustedRoot(material, addresses), now);
  const targets = [
    { name: trustedRootName, bytes: trustedRootJson(root) },
    {
      name: 'signing_config.v0.2.json',
      bytes: signingConfigJson(addresses, beginning(material)),
    },
    ...separate,
    ...retiredTargets(before, separate),
  ];
  return { targets, retired };
}

const trustedRootName = 'trusted_root.json';

function trustFrom(before: readonly Target[], wanted: TrustedRoot, now: Date) {
  const document = before.find(({ name }) => name === trustedRootName);
  if (document === undefined) return { root: wanted, retired: [] };
  try {
    const published = TrustedRoot.fromJSON(JSON.parse(Buffer.from(document.bytes).toString()));
    return succeeding(published, wanted, now);
  } catch {
    throw new RepositoryError(`has a ${trustedRootName} that cannot be read`);
  }
}

type Listing = Record<string, TargetFile>;

function listing(targets: readonly Target[]): Listing {
  return Object.fromEntries(
    targets.map(({ name: path, bytes, sigstore }) => [
      path,
      new TargetFile({
        path,
        length: bytes.length,
        // One hash: clients build a file's name from the first one, whichever that is.
        hashes: { sha256: sha256(bytes) },
        unrecognizedFields: sigstore ? { custom: { sigstore: { ...sigstore } } } : {},
      }),
    ]),
  );
}

function sameListing(a: Listing, b: Listing | undefined): boolean {
  const words = (files: Listing) =>
    canonicalize(
      Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.toJSON()])),
    );
  return b !== undefined && words(a) === words(b);
}

function filesOf(targets: readonly Target[], published: Repository | undefined): Data {
  const named = targets.map(({ name, bytes }) => [targetFileName(name, bytes), bytes] as const);
  return Object.fromEntries(named.filter(([name]) => published?.files[name] === undefined));
}
