import type { X509Certificate } from 'node:crypto';
import { at, JobError } from '@sigstand/job/errors';
import { certificatePem } from '@sigstand/pki/chain';
import { publicPem, refuseNewCtKey } from '@sigstand/pki/keys';
import { refuseInvalid } from '@sigstand/pki/validity';
import { type Data, type Ref, show } from '@sigstand/store/store';
import { chainOf, type Material } from './material.ts';
import { sha256 } from './metadata.ts';
import type { Objects } from './options.ts';
import { superseded } from './prune.ts';
import { type Revision, reconcile, type Wanted } from './reconcile.ts';
import { openRepository, publishedTargets, type Repository } from './repository.ts';

/** What a run publishes, and what it must not contradict. */
export interface Publication {
  readonly wanted: Wanted;
  /** The first root as clients have been given it, where they have. */
  readonly pinned: Uint8Array | undefined;
  /** The version of the timestamp beside it. */
  readonly archived: number | undefined;
}

/** What is to be written, and all files that the repository then holds. */
export interface Revised {
  readonly revision: Revision;
  readonly remove: readonly string[];
  readonly files: Data;
}

/**
 * The repository's next state, from its files as they are stored; undefined where nothing is to be done.
 *
 * @throws {JobError} Where it must not be touched, or would not fit.
 */
export function revised(
  { inputs, repository, root }: Objects,
  current: Data | undefined,
  { wanted, pinned, archived = 0 }: Publication,
): Revised | undefined {
  const place = show(repository);
  const published = openPublished(place, current);
  if (pinned !== undefined) refuseOtherRoot({ place, root }, published, pinned);
  if (published && archived > published.timestamp.version) {
    throw rolledBack({ place, root }, published.timestamp.version, archived);
  }
  for (const service of ['fulcio', 'tsa'] as const) {
    const ref = inputs[service];
    const unknown = unknownTo(published, wanted.material[service]);
    if (ref) at(show(ref), () => refuseInvalid(unknown, wanted.now));
  }
  const { ctlog } = wanted.material;
  if (inputs.ctlog && ctlog && !isKnown(published, publicPem(ctlog.key))) {
    at(`${show(inputs.ctlog)} key public`, () => refuseNewCtKey(ctlog.key));
  }
  const revision = at(place, () => reconcile(published, wanted));
  return revision && fitting(place, { ...published?.files, ...revision.files }, revision);
}

/** Whether a record holds a repository. */
export function hasFiles(files: Data | undefined): files is Data {
  return Object.keys(files ?? {}).length > 0;
}

function openPublished(place: string, files: Data | undefined): Repository | undefined {
  return hasFiles(files) ? at(place, () => openRepository(files)) : undefined;
}

/** The certificates that clients are yet to be told of: in use, an old one may come to its end. */
function unknownTo(
  published: Repository | undefined,
  chain: Material['fulcio' | 'tsa'],
): X509Certificate[] {
  return chain ? chainOf(chain).filter((one) => !isKnown(published, certificatePem(one))) : [];
}

/** Whether clients were told of it, by a file of its own. */
function isKnown(published: Repository | undefined, bytes: Uint8Array): boolean {
  const files = published ? publishedTargets(published) : [];
  return files.some((one) => Buffer.compare(one.bytes, bytes) === 0);
}

/** @throws {JobError} contradiction, where the repository does not begin with that root. */
export function refuseOtherRoot(
  { place, root }: { place: string; root: Ref },
  published: { files: Data } | undefined,
  pinned: Uint8Array,
): void {
  const first = published?.files['1.root.json'];
  if (first !== undefined && Buffer.compare(first, pinned) === 0) return;
  const found = first ? `begins with root ${sha256(first)}` : 'is gone';
  const given = `${show(root)} has given clients root ${sha256(pinned)}`;
  throw new JobError('contradiction', `${place} ${found}, but ${given}`, {
    hint:
      'nothing was changed; restore the ConfigMap from the archive in that Secret, ' +
      'or delete the Secret to make every client start over',
  });
}

function rolledBack(
  { place, root }: { place: string; root: Ref },
  found: number,
  given: number,
): JobError {
  return new JobError(
    'contradiction',
    `${place} is at timestamp ${found}, but ${show(root)} has given clients ${given}`,
    { hint: 'nothing was changed; restore the ConfigMap from the archive in that Secret' },
  );
}

// What Kubernetes takes in one ConfigMap; names count here too, to stay on the safe side.
const mostBytes = 1_048_576;

/** How many snapshots' files stay, for clients in between; fewer where not all fit, but the last. */
const snapshotsKept = [4, 3, 2];

function fitting(place: string, all: Data, revision: Revision): Revised {
  let size = 0;
  for (const kept of snapshotsKept) {
    const remove = superseded(all, revision.snapshot, kept);
    const gone = new Set(remove);
    const staying = Object.entries(all).filter(([name]) => !gone.has(name));
    size = staying.reduce((sum, [name, { length }]) => sum + name.length + length, 0);
    if (size <= mostBytes) return { revision, remove, files: Object.fromEntries(staying) };
  }
  throw new JobError('data', `${place} would hold ${size} bytes, and at most ${mostBytes} fit`, {
    hint: 'nothing was changed; hand out fewer or smaller files by --extra-targets',
  });
}
