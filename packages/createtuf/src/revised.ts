import type { X509Certificate } from 'node:crypto';
import { at, JobError } from '@sigstand/job/errors';
import { certificatePem } from '@sigstand/pki/chain';
import { publicPem, refuseNewCtKey } from '@sigstand/pki/keys';
import { refuseInvalid } from '@sigstand/pki/validity';
import { type Data, show } from '@sigstand/store/store';
import { type Given, refuseOlder, refuseOtherStart, unpack } from './first-root.ts';
import { chainOf, type Publics, toldOf } from './material.ts';
import type { Objects } from './options.ts';
import { withoutPage } from './page-file.ts';
import { superseded } from './prune.ts';
import { type Revision, reconcile, type Wanted } from './reconcile.ts';
import { openRepository, publishedTargets, type Repository } from './repository.ts';

/** What a run publishes, and what it must not contradict. */
export interface Publication {
  readonly wanted: Wanted;
  readonly given: Given;
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
  objects: Objects,
  current: Data | undefined,
  { wanted, given }: Publication,
): Revised | undefined {
  const { inputs, repository } = objects;
  const place = show(repository);
  const hint = `nothing was changed; ${unpack(objects, given)}`;
  const published = openPublished(place, current && withoutPage(current), hint);
  refuseOtherStart(objects, current, given);
  if (published) refuseOlder(objects, published.timestamp.version, given);
  for (const service of ['fulcio', 'tsa'] as const) {
    const ref = inputs[service];
    const unknown = toldOf(wanted.material, service).flatMap((one) => unknownTo(published, one));
    if (ref) at(show(ref), () => refuseInvalid(unknown, wanted.now));
  }
  for (const { key } of toldOf(wanted.material, 'ctlog')) {
    if (inputs.ctlog === undefined || isKnown(published, publicPem(key))) continue;
    at(`${show(inputs.ctlog)} key public`, () => refuseNewCtKey(key));
  }
  const revision = at(place, () => reconcile(published, wanted), {
    contradiction: `nothing was changed; restore ${show(objects.keys)} and the ConfigMap from one backup`,
  });
  return revision && fitting(place, { ...published?.files, ...revision.files }, revision);
}

/** Whether a record holds a repository. */
export function hasFiles(files: Data | undefined): files is Data {
  return Object.keys(files ?? {}).length > 0;
}

function openPublished(
  place: string,
  files: Data | undefined,
  hint: string,
): Repository | undefined {
  if (!hasFiles(files)) return undefined;
  return at(place, () => openRepository(files), { contradiction: hint });
}

/** The certificates that clients are yet to be told of: in use, an old one may come to its end. */
function unknownTo(
  published: Repository | undefined,
  chain: NonNullable<Publics['fulcio' | 'tsa']>,
): X509Certificate[] {
  return chainOf(chain).filter((one) => !isKnown(published, certificatePem(one)));
}

/** Whether clients were told of it, by a file of its own. */
function isKnown(published: Repository | undefined, bytes: Uint8Array): boolean {
  const files = published ? publishedTargets(published) : [];
  return files.some((one) => Buffer.compare(one.bytes, bytes) === 0);
}

// What Kubernetes takes in one ConfigMap; names count here too, to stay on the safe side.
const mostBytes = 1_048_576;

/** Whether one ConfigMap takes all of these. */
export function fits(files: Data): boolean {
  return sizeOf(files) <= mostBytes;
}

function sizeOf(files: Data): number {
  const sizes = Object.entries(files).map(([name, { length }]) => name.length + length);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** How many snapshots' files stay, for clients in between; fewer where not all fit, but the last. */
const snapshotsKept = [4, 3, 2];

function fitting(place: string, all: Data, revision: Revision): Revised {
  let size = 0;
  for (const kept of snapshotsKept) {
    const remove = superseded(all, revision.snapshot, kept);
    const gone = new Set(remove);
    const staying = Object.entries(all).filter(([name]) => !gone.has(name));
    const files = Object.fromEntries(staying);
    size = sizeOf(files);
    if (size <= mostBytes) return { revision, remove, files };
  }
  throw new JobError('data', `${place} would hold ${size} bytes, and at most ${mostBytes} fit`, {
    hint: 'nothing was changed; hand out fewer or smaller files by --extra-targets',
  });
}
