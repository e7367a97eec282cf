import { tufRoot } from '@sigstand/contracts/records';
import { tufServer } from '@sigstand/contracts/services';
import { JobError } from '@sigstand/job/errors';
import { defineJob, type JobContext } from '@sigstand/job/main';
import { refuseStrangers } from '@sigstand/job/strangers';
import { type Entropy, systemEntropy } from '@sigstand/pki/entropy';
import { validityWarnings } from '@sigstand/pki/validity';
import { converge } from '@sigstand/store/converge';
import { refuseOwned, refuseOwnedLacking } from '@sigstand/store/owned';
import { type Change, type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { archive, sameArchive } from './archive.ts';
import { broughtKeys } from './brought-keys.ts';
import { changedAddresses } from './changed-addresses.ts';
import { type ClientCheck, checkWithClient } from './client-check.ts';
import { command } from './command.ts';
import { checkContent } from './content-check.ts';
import { extraTargets } from './extra-targets.ts';
import { handedOutBy, keysGone, lackingNote, refuseOtherStart } from './first-root.ts';
import { waitForMaterial } from './inputs.ts';
import { type Found, roleKeys, settleKeys, withKeys } from './key-record.ts';
import { logNameWarnings } from './log-name.ts';
import { certificatesOf } from './material.ts';
import { sha256 } from './metadata.ts';
import { lackingMirror, mirrorOf, movedMirror } from './mirror.ts';
import { addressesOf, type Objects, objectsOf, schedulesOf } from './options.ts';
import { pageFile } from './page-file.ts';
import { lackingPage } from './page-record.ts';
import { openRepository, type Repository } from './repository.ts';
import { hasFiles, type Publication, type Revised, revised } from './revised.ts';
import { rootWish } from './root-keys.ts';
import { keyWarnings, rootWarnings, warn } from './warnings.ts';

interface Effects {
  readonly entropy?: Entropy;
  readonly check?: ClientCheck;
}

export function createTuf({ entropy = systemEntropy, check = checkWithClient }: Effects = {}) {
  return defineJob(command(), async (context, options) => {
    const { now } = context;
    const objects = objectsOf(options);
    const fixed = {
      addresses: addressesOf(options),
      schedules: schedulesOf(options),
      shorten: options.shorten === true,
      hurries: options.rotateKeys === true,
      correctLogUrl: options.correctLogUrl === true,
      now,
    };
    const brought = await broughtKeys(context.store, options);
    const material = await waitForMaterial(context, objects.inputs);
    const extra = objects.extra ? await readExtra(context, objects.extra) : [];
    // Against the order of writing: who finds the later record must find the earlier one after it.
    const rootRecord = await context.store.read(objects.root);
    const given = rootRecord?.data;
    if (!given?.root) refuseStrangers(show(objects.root), given, { wanted: tufRoot.keys });
    const handedOut = await handedOutBy(rootRecord);
    const repository = await context.store.read(objects.repository);
    const before = repository?.data;
    refuseOwnedLacking(objects.root, rootRecord, tufRoot.keys);
    refuseOwnedLacking(objects.repository, repository, ['timestamp.json']);
    const publication = ({ keys, found }: Found): Publication => ({
      wanted: { ...fixed, material, extra, keys, root: rootWish(keys, brought) },
      given: { ...handedOut, keys: found },
    });
    const found = await roleKeys(context, objects, {
      inUse: hasFiles(before),
      broughtRoot: brought.keys.length > 0,
      rotates: brought.rotates && hasFiles(before),
      rekeys: brought.rekeys && hasFiles(before),
      entropy,
      // Whatever would be refused is refused before there are any keys. Read again, so that it is no
      // older than the keys.
      tryOut: async (keys) => {
        const files = (await context.store.read(objects.repository))?.data;
        const { wanted } = publication(keys);
        const next = revised(objects, files, publication(keys));
        if (next) checkContent(openRepository(next.files), next.revision.files, wanted);
      },
    });
    const { keys } = found;
    const mirror = options.mirrorUrl ?? tufServer(options.namespace);
    const published = await withKeys(context, objects, {
      keys,
      work: () => publish(context, objects, { ...publication(found), check, mirror }),
    });
    await noteFirstRoot(context.store, objects, found, published.files);
    await publishRoot(context, objects, options.mirrorUrl);
    await settleKeys(context, objects, { keys, published });
    for (const warning of logNameWarnings(published, material)) context.log(`warning: ${warning}`);
    await warn(context, objects, [
      ...rootWarnings(published, rootWish(keys, brought), now),
      ...keyWarnings(published, keys, { lifetime: fixed.schedules.timestamp.lifetime, now }),
      ...validityWarnings(certificatesOf(material), now),
    ]);
  });
}

async function readExtra({ store, waitFor }: JobContext, ref: Ref) {
  const what = { what: show(ref), hint: 'it holds the files of --extra-targets' };
  const found = (await store.read(ref)) ?? (await waitFor(what, () => store.read(ref)));
  return extraTargets(show(ref), found.data);
}

/** Last of what belongs to a publication: until then, a run that finds the keys alone may publish. */
async function noteFirstRoot(store: Store, objects: Objects, { found }: Found, files: Data) {
  if (found && lackingNote(found, files) === undefined) return;
  await converge(store, objects.keys, (current) => {
    if (current === undefined) throw keysGone(objects);
    return lackingNote(current, files);
  });
}

/** Resolves to the repository as it is stored then. */
async function publish(
  { store, log }: JobContext,
  objects: Objects,
  { check, mirror, ...publication }: Publication & { check: ClientCheck; mirror: string },
): Promise<Repository> {
  const place = show(objects.repository);
  let next: Revised | undefined;
  let published: Repository | undefined;
  let page: Change | undefined;
  let moved: string[] = [];
  let warnings: readonly string[] = [];
  const { data } = await converge(store, objects.repository, async (current) => {
    next = revised(objects, current?.data, publication);
    published = undefined;
    if (next === undefined) {
      page = lackingPage(current, { mirror });
      return page;
    }
    refuseOwned(objects.root, await store.read(objects.root), { remove: ['repository'] });
    published = openRepository(next.files);
    await check(published);
    warnings = checkContent(published, next.revision.files, publication.wanted);
    const before = hasFiles(current?.data) ? openRepository(current.data) : undefined;
    moved = changedAddresses(before, published);
    page = lackingPage(current, { repository: published, mirror });
    return {
      data: { ...next.revision.files, ...page?.data },
      remove: [...next.remove, ...(page?.remove ?? [])],
    };
  });
  for (const signed of next?.revision.signed ?? []) log(`signed ${signed}`);
  for (const retired of next?.revision.retired ?? []) log(`gave an end to ${retired}`);
  for (const line of next ? moved : []) log(line);
  for (const warning of warnings) log(`warning: ${warning}`);
  if (next?.remove.length) log(`removed ${next.remove.length} files that nothing leads to`);
  log(`the repository in ${place} is ${next ? 'published' : 'as it should be'}`);
  if (page) log(`${page.data ? 'wrote' : 'left out'} the page ${pageFile} beside it`);
  return published ?? openRepository(data);
}

/** The record that clients start from; always derived from the repository as it is stored. */
async function publishRoot({ store, log }: JobContext, objects: Objects, mirror?: string) {
  const { repository, root } = objects;
  let moved: string[] = [];
  const stored = await converge(store, root, async (current) => {
    const files = await storedFiles(store, repository);
    const first = files['1.root.json'] ?? new Uint8Array();
    const pinned = current?.data.root;
    refuseOtherStart(objects, files, { root: pinned, keys: undefined, archived: undefined });
    const packed = await archive(files);
    const annotations = lackingMirror(current, mirror);
    moved = annotations ? movedMirror(mirrorOf(current), mirror) : [];
    const same = pinned !== undefined && sameArchive(current?.data.repository, packed);
    if (same) return annotations && { annotations };
    return { data: { root: first, repository: packed }, ...(annotations && { annotations }) };
  });
  for (const line of moved) log(line);
  const digest = sha256(stored.data.root ?? new Uint8Array());
  log(`clients start from ${show(root)} key root, sha256 ${digest}`);
}

async function storedFiles(store: Store, ref: Ref): Promise<Data> {
  const stored = await store.read(ref);
  if (stored === undefined) throw new JobError('tryAgain', `${show(ref)} was deleted meanwhile`);
  return stored.data;
}
