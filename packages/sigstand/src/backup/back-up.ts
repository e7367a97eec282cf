import type { Contract } from '@sigstand/contracts/contract';
import { JobError } from '@sigstand/job/errors';
import { listed as inWords } from '@sigstand/job/listed';
import type { Log } from '@sigstand/job/log';
import type { Access } from '@sigstand/store/api';
import type { Ref } from '@sigstand/store/store';
import type { Database } from '../database.ts';
import { CutOff } from '../exec.ts';
import type { Naming } from '../names.ts';
import { type Part, packed } from './archive.ts';
import { identityOf, refuseLostTrees, timestampOf } from './identity.ts';
import type { Dumped, Identity, Manifest } from './manifest.ts';
import type { NewFile } from './new-file.ts';
import { gapsIn, showKept } from './object.ts';
import { type Read, readAll } from './objects.ts';
import { dumpParts, objectPart } from './parts.ts';

/** What a backup is made of, and where it goes. */
export interface BackUp {
  readonly access: Access;
  readonly contracts: readonly Contract[];
  /** What is saved as well, where it is there. */
  readonly also: readonly Ref[];
  /** None is somebody else's. */
  readonly database: Database | undefined;
  readonly naming: Naming;
  readonly file: NewFile;
  readonly seal: (bytes: AsyncIterable<Buffer>) => AsyncIterable<Uint8Array>;
  readonly now: () => Date;
  readonly by: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

const attempts = 3;
/** Milliseconds in which an API server that has just started opens connections, and knows no way to the kubelet yet. */
const recovery = 2_000;

/**
 * Writes a backup to the file. All in it is of one moment: the objects are read before the dump and after it, and where one
 * has changed meanwhile, all begins anew. So when the dump began, each object was as it is in the backup: there is no
 * tree's ID without its tree, and no key by which an entry was signed that the backup does not have.
 *
 * @throws {JobError}
 */
export async function backUp(one: BackUp): Promise<Manifest> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    try {
      return await attempted(one);
    } catch (error) {
      await beginAnew(one, error, attempt === attempts);
    }
  }
  throw new JobError('tryAgain', `objects of the stack changed during each of ${attempts} tries`, {
    hint: 'wait until no Job runs and nobody rotates keys, then run it again',
  });
}

/** Forgets what was written. @throws What is not worth another attempt. */
async function beginAnew({ log, file, pause }: BackUp, error: unknown, isLast: boolean) {
  if (!(error instanceof CutOff || error instanceof Changed)) throw error;
  const isCut = error instanceof CutOff;
  if (isCut && isLast) throw error;
  log(`${error.message}${isCut ? '' : ' meanwhile'}; it begins anew`);
  await file.clear();
  if (isCut) await pause(recovery);
}

/** Why what was read is not of one moment. */
class Changed extends Error {}

async function attempted(one: BackUp): Promise<Manifest> {
  const { access, contracts, also, database, file, signal, seal, by } = one;
  const all = [...contracts, ...also];
  const before = await readAll(access, all);
  const stack = whole(one, before);
  const made = one.now().toISOString();
  const timestamp = timestampOf(before.map(({ kept }) => kept));
  let dumped: Dumped | undefined;
  let manifest: Manifest | undefined;

  async function* parts(): AsyncGenerator<Part> {
    for (const { kept } of before) yield objectPart(kept);
    if (database) {
      yield* dumpParts(database.dump(), (read) => {
        dumped = read;
      });
    }
    const changed = changes(before, await readAll(access, all));
    if (changed.length > 0) throw new Changed(`${inWords(changed)} changed`);
    if (dumped) refuseLostTrees(stack, dumped);
  }
  const bytes = packed(parts(), (listed) => {
    const found = dumped ?? 'external';
    manifest = { made, by, stack, timestamp, database: found, parts: listed };
    return manifest;
  });
  for await (const chunk of seal(bytes)) {
    signal.throwIfAborted();
    await file.write(chunk);
  }
  return manifest as Manifest & object;
}

/** The identity of a stack that has all that it should. @throws {JobError} data, with what it lacks. */
function whole({ contracts, database, naming }: BackUp, read: readonly Read[]): Identity {
  const objects = read.map(({ kept }) => kept);
  const gaps = gapsIn(contracts, objects, { external: database === undefined });
  if (gaps.length === 0) return identityOf(contracts, objects, naming) as Identity;
  throw new JobError('data', `the stack is not whole: it lacks ${gaps.join(', ')}`, {
    hint: 'see whether it is this cluster and prefix, and what the Jobs say; a backup of a part would be none',
  });
}

function changes(before: readonly Read[], after: readonly Read[]): string[] {
  const versions = (all: readonly Read[]) =>
    new Map(all.map(({ kept, version }) => [showKept(kept), version]));
  const [then, now] = [versions(before), versions(after)];
  // A namespace's version changes by what others note at it.
  const names = new Set([...then.keys(), ...now.keys()]);
  return [...names].filter(
    (name) => !name.startsWith('Namespace ') && then.get(name) !== now.get(name),
  );
}
