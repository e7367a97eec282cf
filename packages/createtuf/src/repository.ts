import type { Data } from '@sigstand/store/store';
import {
  Metadata,
  MetadataKind,
  type MetaFile,
  type Root,
  type Snapshot,
  type TargetFile,
  type Targets,
  type Timestamp,
} from '@tufjs/models';
import { sha256 } from './metadata.ts';
import type { CustomMetadata, Target } from './targets.ts';

/** A published repository whose every file has been followed from its first root. */
export interface Repository {
  readonly files: Data;
  readonly root: Root;
  /** The ids of the keys that any root from the first on trusts to sign the next. */
  readonly rootKeyIds: ReadonlySet<string>;
  readonly targets: Targets;
  readonly snapshot: Snapshot;
  readonly timestamp: Timestamp;
}

/** A repository that its own keys do not vouch for. */
export class RepositoryError extends Error {
  override readonly name = 'RepositoryError';
  readonly fault = 'contradiction';
}

/**
 * A repository from its files, followed as a client does (TUF specification §5), but for expiry: what
 * has expired is signed again.
 *
 * @throws {RepositoryError} Naming the file that is missing or not vouched for.
 */
export function openRepository(files: Data): Repository {
  const { root, rootKeyIds } = followRoots(files);
  const timestamp = signedBy(root, MetadataKind.Timestamp, 'timestamp.json', files);
  const { snapshotMeta } = timestamp.signed;
  const snapshot = referred(root, MetadataKind.Snapshot, snapshotMeta, files);
  const targetsMeta = snapshot.signed.meta['targets.json'];
  if (targetsMeta === undefined) throw new RepositoryError('has a snapshot without targets.json');
  const targets = referred(root, MetadataKind.Targets, targetsMeta, files);
  for (const target of Object.values(targets.signed.targets)) targetBytes(target, files);
  return {
    files,
    root: root.signed,
    rootKeyIds,
    targets: targets.signed,
    snapshot: snapshot.signed,
    timestamp: timestamp.signed,
  };
}

/** The files that the repository hands out now. */
export function publishedTargets({ targets, files }: Repository): Target[] {
  return Object.values(targets.targets).map((file) => {
    const target = { name: file.path, bytes: targetBytes(file, files) };
    const custom = file.custom as CustomMetadata;
    return Object.keys(custom).length > 0 ? { ...target, custom } : target;
  });
}

/** The name under which a target lies in a repository with consistent snapshots. */
export function targetFileName(name: string, bytes: Uint8Array): string {
  return `${sha256(bytes)}.${name}`;
}

function followRoots(files: Data) {
  let root = parsed(MetadataKind.Root, '1.root.json', files);
  verify('1.root.json', () => root.verifyDelegate('root', root));
  const rootKeyIds = new Set(root.signed.roles.root?.keyIDs);
  for (let version = 2; files[`${version}.root.json`] !== undefined; version += 1) {
    const name = `${version}.root.json`;
    const next = parsed(MetadataKind.Root, name, files);
    const last = root;
    verify(name, () => {
      last.verifyDelegate('root', next);
      next.verifyDelegate('root', next);
    });
    root = next;
    refuseVersion(name, next.signed, version);
    for (const id of next.signed.roles.root?.keyIDs ?? []) rootKeyIds.add(id);
  }
  const newest = `${root.signed.version}.root.json`;
  if (Buffer.compare(bytesOf(files, 'root.json'), bytesOf(files, newest)) !== 0) {
    throw new RepositoryError(`has a root.json that is not ${newest}`);
  }
  const beyond = Object.keys(files).find(
    (name) => Number(/^(\d+)\.root\.json$/.exec(name)?.[1] ?? 0) > root.signed.version,
  );
  if (beyond) throw new RepositoryError(`has ${beyond}, but no root between it and ${newest}`);
  return { root, rootKeyIds };
}

function referred<Kind extends MetadataKind.Snapshot | MetadataKind.Targets>(
  root: Metadata<Root>,
  kind: Kind,
  meta: MetaFile,
  files: Data,
): Of<Kind> {
  const name = `${meta.version}.${kind}.json`;
  const bytes = Buffer.from(bytesOf(files, name));
  verify(name, () => meta.verify(bytes));
  const found = signedBy(root, kind, name, files);
  refuseVersion(name, found.signed, meta.version);
  refuseNewer(kind, meta.version, files);
  return found;
}

function signedBy<Kind extends Exclude<MetadataKind, MetadataKind.Root>>(
  root: Metadata<Root>,
  kind: Kind,
  name: string,
  files: Data,
): Of<Kind> {
  const found = parsed(kind, name, files);
  verify(name, () => root.verifyDelegate(kind, found as Metadata<Targets>));
  return found;
}

interface Kinds {
  [MetadataKind.Root]: Metadata<Root>;
  [MetadataKind.Targets]: Metadata<Targets>;
  [MetadataKind.Snapshot]: Metadata<Snapshot>;
  [MetadataKind.Timestamp]: Metadata<Timestamp>;
}
type Of<Kind extends MetadataKind> = Kinds[Kind];

function parsed<Kind extends MetadataKind>(kind: Kind, name: string, files: Data): Of<Kind> {
  const text = Buffer.from(bytesOf(files, name)).toString('utf8');
  try {
    return Metadata.fromJSON(kind as MetadataKind.Root, JSON.parse(text)) as Of<Kind>;
  } catch {
    // A parser's message may quote what it read.
    throw new RepositoryError(`has a ${name} that is not ${kind} metadata`);
  }
}

function verify(name: string, check: () => void): void {
  try {
    check();
  } catch {
    throw new RepositoryError(`has a ${name} that the keys or hashes before it do not vouch for`);
  }
}

function refuseVersion(name: string, { version }: { version: number }, wanted: number): void {
  if (version !== wanted) throw new RepositoryError(`has a ${name} that says it is ${version}`);
}

/** A version's file never goes away, so a newer one tells that what refers to them was rolled back. */
function refuseNewer(kind: MetadataKind, version: number, files: Data): void {
  const versions = new RegExp(`^(\\d+)\\.${kind}\\.json$`);
  const newer = Object.keys(files).find((name) => Number(versions.exec(name)?.[1] ?? 0) > version);
  if (newer) throw new RepositoryError(`has ${newer}, and yet refers to ${version}.${kind}.json`);
}

function targetBytes({ path, hashes, length }: TargetFile, files: Data): Uint8Array {
  const name = `${hashes.sha256}.${path}`;
  const bytes = bytesOf(files, name);
  if (bytes.length !== length || sha256(bytes) !== hashes.sha256) {
    throw new RepositoryError(`has a ${name} with another content`);
  }
  return bytes;
}

function bytesOf(files: Data, name: string): Uint8Array {
  const bytes = files[name];
  if (bytes === undefined) throw new RepositoryError(`has no ${name}`);
  return bytes;
}
