import { join, resolve } from 'node:path';
import { tufRepository, tufRoot } from '@sigstand/contracts/records';
import { tufServer } from '@sigstand/contracts/services';
import { unarchived } from '@sigstand/createtuf/archive';
import { checkWithClient } from '@sigstand/createtuf/client-check';
import { sha256 } from '@sigstand/createtuf/metadata';
import { mirrorOf } from '@sigstand/createtuf/mirror';
import { trustPage } from '@sigstand/createtuf/page';
import { openRepository, publishedTargets, type Repository } from '@sigstand/createtuf/repository';
import { signingTimes } from '@sigstand/createtuf/times';
import { asJobError, at, JobError } from '@sigstand/job/errors';
import { serviceUrl } from '@sigstand/job/values';
import { type WaitFor, waitForKeys } from '@sigstand/job/wait';
import { wholeSeconds } from '@sigstand/pki/time';
import { type Data, type Ref, type Store, secretIn, show } from '@sigstand/store/store';
import type { Admission } from './admission.ts';
import { authorityAt } from './authority.ts';
import type { Options } from './command.ts';
import { filesOf, rootFile, timesOf } from './files.ts';
import { bytesAt, writeFolder } from './folder.ts';
import {
  DocumentError,
  keysOf,
  readSigningConfig,
  readTrustedRoot,
  servicesOf,
  type Trust,
  timeBy,
} from './trust.ts';

/** What an export gets from outside. */
export interface ExportContext {
  readonly store: Store;
  readonly now: Date;
  readonly waitFor: WaitFor;
  /** The folder that paths are taken from. */
  readonly from: string;
}

/** What an export has written. */
export interface Exported {
  readonly folder: string;
  readonly files: readonly string[];
  /** The SHA-256 of the first root, by which clients tell it. */
  readonly sha256: string;
}

/** Takes trust from Secret tuf-root alone, follows it as a client does, and writes what clients need. @throws {JobError} */
export async function exportTrust(context: ExportContext, options: Options): Promise<Exported> {
  const { from } = context;
  const admission = admissionOf(options);
  const folder = resolve(from, options.to);
  const authority = options.ca === undefined ? undefined : await authorityAt(from, options.ca);
  const trust = await published(context, options);
  const { namespace } = options;
  const mirror = options.mirror ?? (await toldMirror(context, options)) ?? tufServer(namespace);
  const files = filesOf(trust, { namespace, mirror, authority }, admission);
  refusePrivateKeys(rootIn(options), files);
  await refuseOtherRoot(folder, trust.root, options);
  await writeFolder(folder, files, timesOf(trust));
  return { folder, files: Object.keys(files), sha256: sha256(trust.root) };
}

function admissionOf({ images, signer }: Options): Admission | undefined {
  if (images && signer) return { images, signer };
  if (!images && !signer) return undefined;
  throw new JobError('usage', `${images ? '--images' : '--signer'} is given alone`, {
    hint: 'a policy says which images, and whose signature: give both --images and --signer',
  });
}

function rootIn({ namespace }: Pick<Options, 'namespace'>): Ref {
  return secretIn(namespace, tufRoot.name);
}

async function published({ store, waitFor, now }: ExportContext, options: Options): Promise<Trust> {
  const { issuer } = options;
  const ref = rootIn(options);
  const archiveOf = `${show(ref)} key repository`;
  const { keys, madeBy } = tufRoot;
  const data = await waitForKeys({ store, waitFor }, ref, { keys, madeBy });
  const { root = new Uint8Array(), repository: archive = new Uint8Array() } = data;
  const files = await unpacked(archiveOf, archive);
  refuseOtherArchive(ref, root, files['1.root.json']);
  refusePrivateKeys(ref, files);
  const repository = at(archiveOf, () => openRepository(files));
  await follow(ref, repository, now);
  return at(archiveOf, () => {
    const trustedRoot = documentOf(repository, 'trusted_root.json');
    const signingConfig = documentOf(repository, 'signing_config.v0.2.json');
    const trusted = readTrustedRoot(trustedRoot);
    const time = timeBy(trusted, now);
    const services = servicesOf(trusted, readSigningConfig(signingConfig), time);
    return {
      root,
      repository: archive,
      page: (mirror) => trustPage(repository, mirror),
      signed: signingTimes(files),
      trustedRoot,
      signingConfig,
      services: issuer ? { ...services, issuer } : services,
      keys: keysOf(trusted, time),
    };
  });
}

/** Where createtuf was told that clients reach the repository. */
async function toldMirror({ store }: ExportContext, options: Options): Promise<string | undefined> {
  const ref = rootIn(options);
  const told = mirrorOf(await store.read(ref));
  if (told === undefined) return undefined;
  return at(`${show(ref)}, where clients reach the repository`, () => {
    try {
      return serviceUrl(told);
    } catch {
      throw new DocumentError('is no URL; name it with --mirror');
    }
  });
}

async function unpacked(place: string, archive: Uint8Array): Promise<Data> {
  const outcome = await unarchived(archive).catch((error: unknown) => ({ error }));
  return at(place, () => {
    if ('error' in outcome) throw outcome.error;
    return outcome;
  });
}

function refuseOtherArchive(ref: Ref, root: Uint8Array, first: Uint8Array | undefined): void {
  if (first !== undefined && Buffer.compare(root, first) === 0) return;
  const other = first === undefined ? 'no first root' : `the first root ${sha256(first)}`;
  const place = `${show(ref)} key repository`;
  const repository = show({ ...tufRepository, namespace: ref.namespace });
  throw new JobError('contradiction', `${place} has ${other}, key root is ${sha256(root)}`, {
    hint: `compare with ${repository}, and with a root that a client holds`,
  });
}

/** What a client would refuse is not handed out; createtuf's own check names that a bug of its own. */
async function follow(ref: Ref, repository: Repository, now: Date): Promise<void> {
  try {
    await checkWithClient(repository);
  } catch (error) {
    const { failure, message } = asJobError(error);
    if (failure !== 'bug') throw error;
    throw new JobError('data', `${show(ref)} key repository: ${message}`, {
      cause: error,
      hint: `the clock here says ${wholeSeconds(now)}; if that is right: kubectl create job -n ${ref.namespace} --from=cronjob/createtuf refresh`,
    });
  }
}

function documentOf(repository: Repository, name: string): Uint8Array {
  const found = publishedTargets(repository).find((target) => target.name === name);
  if (found === undefined) throw new DocumentError(`has no target ${name}`);
  return found.bytes;
}

function refusePrivateKeys(ref: Ref, files: Data): void {
  const found = Object.entries(files).find(([, bytes]) =>
    Buffer.from(bytes).includes('PRIVATE KEY-----'),
  );
  if (found === undefined) return;
  throw new JobError('data', `${show(ref)} holds a private key, in ${found[0]}`, {
    hint: 'nothing was written; it is public since it is there: replace that key',
  });
}

/** Clients hold on to their first root: it is not changed under them. */
async function refuseOtherRoot(to: string, root: Uint8Array, { replaceRoot }: Options) {
  const path = join(to, rootFile);
  const there = await bytesAt(path);
  if (there === undefined || replaceRoot || Buffer.compare(there, root) === 0) return;
  const message = `${path} is ${sha256(there)}, the stack's is ${sha256(root)}`;
  throw new JobError('contradiction', message, {
    hint: 'name another folder with --to; --replace-root where no client needs the old one',
  });
}
