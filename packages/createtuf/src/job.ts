import type { X509Certificate } from 'node:crypto';
import { at, JobError } from '@sigstand/job/errors';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { certificatePem } from '@sigstand/pki/chain';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { refuseInvalid, validityWarnings } from '@sigstand/pki/validity';
import { converge } from '@sigstand/store/converge';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { archive, archivedTimestamp, sameArchive } from './archive.ts';
import { type ClientCheck, checkWithClient } from './client-check.ts';
import { addressesOf, command, lifetimesOf, type Objects, objectsOf } from './command.ts';
import { waitForMaterial } from './inputs.ts';
import { certificatesOf, chainOf, type Material } from './material.ts';
import { sha256 } from './metadata.ts';
import { type Revision, reconcile, type Wanted } from './reconcile.ts';
import { openRepository, publishedTargets, type Repository } from './repository.ts';
import { newRoleKeys, type RoleKeys, readRoleKeys } from './role-keys.ts';

interface Effects {
  readonly entropy?: Entropy;
  readonly check?: ClientCheck;
}

export function createTuf({ entropy = systemEntropy, check = checkWithClient }: Effects = {}) {
  return defineJob(command(), async (context, options) => {
    const objects = objectsOf(options);
    const material = await waitForMaterial(context, objects.inputs);
    for (const warning of validityWarnings(certificatesOf(material), context.now)) {
      context.log(`warning: ${warning}`);
    }
    // Against the order of writing: who finds the later record must find the earlier one after it.
    const given = (await context.store.read(objects.root))?.data;
    const pinned = given?.root;
    const archived = given?.repository && (await archivedTimestamp(given.repository));
    const before = (await context.store.read(objects.repository))?.data;
    const publication = (keys: RoleKeys): Publication => ({
      wanted: {
        material,
        addresses: addressesOf(options),
        keys,
        lifetimes: lifetimesOf(options),
        now: context.now,
      },
      pinned,
      archived,
    });
    const keys = await roleKeys(context, objects, {
      inUse: hasFiles(before),
      entropy,
      // Whatever would be refused is refused before there are any keys.
      tryOut: (keys) => void revised(objects, before, publication(keys)),
    });
    await publish(context, objects, { ...publication(keys), check });
    await publishRoot(context, objects);
  });
}

async function roleKeys(
  { store, log }: JobContext,
  objects: Objects,
  { inUse, entropy, tryOut }: Omit<Required<Effects>, 'check'> & KeyUse,
): Promise<RoleKeys> {
  const place = show(objects.keys);
  let created = false;
  const stored = await converge(store, objects.keys, (current) => {
    const change = newRoleKeys(place, current?.data, entropy);
    created = change !== undefined;
    if (created && inUse) throw keysGone(objects);
    if (change?.data) tryOut(readRoleKeys(place, change.data));
    return change;
  });
  log(`${created ? 'created' : 'kept'} the role keys in ${place}`);
  return readRoleKeys(place, stored.data);
}

interface KeyUse {
  readonly inUse: boolean;
  readonly tryOut: (keys: RoleKeys) => void;
}

interface Publication {
  readonly wanted: Wanted;
  /** The first root as clients have been given it, where they have. */
  readonly pinned: Uint8Array | undefined;
  /** The version of the timestamp beside it. */
  readonly archived: number | undefined;
}

/** What is to be written, and what the repository then holds; undefined where there is nothing to do. */
function revised(
  { inputs, repository, root }: Objects,
  current: Data | undefined,
  { wanted, pinned, archived = 0 }: Publication,
): { revision: Revision; files: Data } | undefined {
  const place = show(repository);
  const published = openPublished(place, current);
  if (pinned !== undefined) refuseOtherRoot({ place, root }, published, pinned);
  if (published && archived > published.timestamp.version) {
    throw rolledBack({ place, root }, published.timestamp.version, archived);
  }
  const { fulcio, tsa } = unknownTo(published, wanted.material);
  at(show(inputs.fulcio), () => refuseInvalid(fulcio, wanted.now));
  at(show(inputs.tsa), () => refuseInvalid(tsa, wanted.now));
  const revision = at(place, () => reconcile(published, wanted));
  if (revision === undefined) return undefined;
  const files = { ...published?.files, ...revision.files };
  refuseTooLarge(place, files);
  return { revision, files };
}

async function publish(
  { store, log }: JobContext,
  objects: Objects,
  { check, ...publication }: Publication & { check: ClientCheck },
): Promise<void> {
  const place = show(objects.repository);
  let revision: Revision | undefined;
  await converge(store, objects.repository, async (current) => {
    const next = revised(objects, current?.data, publication);
    revision = next?.revision;
    if (next === undefined) return undefined;
    await check(openRepository(next.files));
    return { data: next.revision.files };
  });
  for (const signed of revision?.signed ?? []) log(`signed ${signed}`);
  for (const retired of revision?.retired ?? []) log(`gave an end to ${retired}`);
  log(`the repository in ${place} is ${revision ? 'published' : 'as it should be'}`);
}

/** The record that clients start from; always derived from the repository as it is stored. */
async function publishRoot({ store, log }: JobContext, { repository, root }: Objects) {
  const stored = await converge(store, root, async (current) => {
    const { place, files } = await storedFiles(store, repository);
    const first = files['1.root.json'] ?? new Uint8Array();
    const pinned = current?.data.root;
    if (pinned !== undefined) refuseOtherRoot({ place, root }, { files }, pinned);
    const packed = await archive(files);
    if (pinned !== undefined && sameArchive(current?.data.repository, packed)) return undefined;
    return { data: { root: first, repository: packed } };
  });
  const digest = sha256(stored.data.root ?? new Uint8Array());
  log(`clients start from ${show(root)} key root, sha256 ${digest}`);
}

async function storedFiles(store: Store, ref: Ref) {
  const stored = await store.read(ref);
  if (stored === undefined) throw new JobError('tryAgain', `${show(ref)} was deleted meanwhile`);
  return { place: show(ref), files: stored.data };
}

function hasFiles(files: Data | undefined): boolean {
  return Object.keys(files ?? {}).length > 0;
}

function openPublished(place: string, files: Data | undefined): Repository | undefined {
  if (files === undefined || !hasFiles(files)) return undefined;
  return at(place, () => openRepository(files));
}

/** The certificates that clients are yet to be told of: in use, an old one may come to its end. */
function unknownTo(published: Repository | undefined, { fulcio, tsa }: Material) {
  const known = new Set(
    (published ? publishedTargets(published) : []).map(({ bytes }) => sha256(bytes)),
  );
  const isNew = (one: X509Certificate) => !known.has(sha256(certificatePem(one)));
  return { fulcio: chainOf(fulcio).filter(isNew), tsa: chainOf(tsa).filter(isNew) };
}

function refuseOtherRoot(
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

function keysGone({ repository, keys }: Objects): JobError {
  return new JobError(
    'contradiction',
    `${show(repository)} is there, but the keys that it was signed with are not in ${show(keys)}`,
    { hint: 'restore the Secret; without it, only a repository with a new root can be made' },
  );
}

// What Kubernetes takes in one ConfigMap; names count here too, to stay on the safe side.
const mostBytes = 1_048_576;

function refuseTooLarge(place: string, files: Data): void {
  const size = Object.entries(files).reduce(
    (sum, [name, { length }]) => sum + name.length + length,
    0,
  );
  if (size <= mostBytes) return;
  throw new JobError('data', `${place} would hold ${size} bytes, and at most ${mostBytes} fit`);
}
