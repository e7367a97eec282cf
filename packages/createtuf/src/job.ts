import { at, JobError } from '@sigstand/job/errors';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { validityWarnings } from '@sigstand/pki/validity';
import { converge } from '@sigstand/store/converge';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { archive, sameArchive } from './archive.ts';
import { type ClientCheck, checkWithClient } from './client-check.ts';
import { addressesOf, command, lifetimesOf, type Objects, objectsOf } from './command.ts';
import { waitForMaterial } from './inputs.ts';
import { certificatesOf, windowOf } from './material.ts';
import { sha256 } from './metadata.ts';
import { type Revision, reconcile, type Wanted } from './reconcile.ts';
import { openRepository, type Repository } from './repository.ts';
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
    const pinned = (await context.store.read(objects.root))?.data.root;
    const before = await context.store.read(objects.repository);
    const keys = await roleKeys(context, objects, { inUse: hasFiles(before?.data), entropy });
    const wanted = {
      material,
      addresses: addressesOf(options),
      keys,
      lifetimes: lifetimesOf(options),
      now: context.now,
    };
    await publish(context, objects, { wanted, pinned, check });
    await publishRoot(context, objects);
  });
}

async function roleKeys(
  { store, log }: JobContext,
  objects: Objects,
  { inUse, entropy }: { inUse: boolean; entropy: Entropy },
): Promise<RoleKeys> {
  const place = show(objects.keys);
  let created = false;
  const stored = await converge(store, objects.keys, (current) => {
    const change = newRoleKeys(place, current?.data, entropy);
    created = change !== undefined;
    if (created && inUse) throw keysGone(objects);
    return change;
  });
  log(`${created ? 'created' : 'kept'} the role keys in ${place}`);
  return readRoleKeys(place, stored.data);
}

interface Publication {
  readonly wanted: Wanted;
  /** The first root as clients have been given it, where they have. */
  readonly pinned: Uint8Array | undefined;
  readonly check: ClientCheck;
}

async function publish(
  { store, log }: JobContext,
  { repository, root }: Objects,
  { wanted, pinned, check }: Publication,
): Promise<void> {
  const place = show(repository);
  let revision: Revision | undefined;
  await converge(store, repository, async (current) => {
    const published = openPublished(place, current?.data);
    if (published === undefined) refuseExpired(wanted);
    if (pinned !== undefined) refuseOtherRoot({ place, root }, published, pinned);
    revision = at(place, () => reconcile(published, wanted));
    if (revision === undefined) return undefined;
    const files = { ...published?.files, ...revision.files };
    refuseTooLarge(place, files);
    await check(openRepository(files));
    return { data: revision.files };
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

/** A first repository is not for what nobody can use; in a later one the rest must go on. */
function refuseExpired({ material, now }: Wanted): void {
  for (const [name, chain] of Object.entries({ Fulcio: material.fulcio, TSA: material.tsa })) {
    const { end } = windowOf(chain);
    if (end > now) continue;
    throw new JobError('data', `the ${name} chain expired at ${end.toISOString()}`);
  }
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
