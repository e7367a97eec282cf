import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask, hasStatus } from '@sigstand/store/api';
import { endOf } from '../rotate/objects.ts';
import type { Kinds } from './kinds.ts';
import { type KubeObject, titleOf } from './objects.ts';
import { manager, type Outcome, outcomeOf } from './outcome.ts';
import { patiently } from './patience.ts';
import { conflictIn, isImmutable, refused } from './refused.ts';

/** An object that was applied. */
export interface Applied {
  readonly object: KubeObject;
  readonly outcome: Outcome;
}

/** What applying needs. */
export interface Applying {
  readonly access: Access;
  readonly kinds: Kinds;
  readonly force: boolean;
  /** The object as it was before, where it was there. */
  readonly before: (title: string) => KubeObject | undefined;
  /** Told of what is tried again. */
  readonly waiting: (title: string, why: string) => void;
  /** When to give up, in milliseconds since 1970. */
  readonly end: number;
  readonly signal: AbortSignal;
}

const mostGone = 60_000; // milliseconds

/**
 * Applies an object on the server's side. What is being deleted is made anew when it is gone, and so is a Job that takes
 * no change, or that has failed. That loses nothing: a Job keeps what is there.
 *
 * @throws {JobError}
 */
export async function applied(object: KubeObject, how: Applying): Promise<Applied> {
  const title = titleOf(object);
  const before = how.before(title);
  try {
    const first = await attempt(object, how);
    if (first) return { object: first, outcome: outcomeOf(before, first) };
    await removed(object, how);
    return { object: await sent(object, how), outcome: 'remade' };
  } catch (error) {
    throw explained(title, error);
  }
}

/** Undefined where what is there has to go first. */
async function attempt(object: KubeObject, how: Applying): Promise<KubeObject | undefined> {
  const isJob = object.kind === 'Job';
  try {
    const after = await sent(object, how);
    if (isJob && endOf(after as never) === 'failed') return undefined;
    if (!after.metadata.deletionTimestamp) return after;
    how.waiting(titleOf(object), 'what was there is being deleted');
    return undefined;
  } catch (error) {
    if (isJob && isImmutable(error)) return undefined;
    throw error;
  }
}

async function sent(object: KubeObject, how: Applying): Promise<KubeObject> {
  const { access, kinds, force } = how;
  const path = kinds.at(object, object.metadata);
  const query = { fieldManager: manager, fieldValidation: 'Strict', force: String(force) };
  const body = { type: 'application/apply-patch+yaml', content: object };
  const question = { method: 'PATCH', path, query, body } as const;
  return (await asked('apply', object, how, () => ask(access, question))) as KubeObject;
}

/** Deletes an object, and waits until it is gone with what belongs to it. @throws {JobError} */
async function removed(object: KubeObject, how: Applying): Promise<void> {
  const { access, kinds, signal } = how;
  const path = kinds.at(object, object.metadata);
  const found = async (verb: string, method: 'GET' | 'DELETE') => {
    const query = method === 'GET' ? {} : { propagationPolicy: 'Foreground' };
    const question = { method, path, query };
    return (await asked(verb, object, how, () => ask(access, question).catch(absent))) as
      | KubeObject
      | undefined;
  };
  const old = await found('get', 'GET');
  if (old === undefined) return;
  await found('delete', 'DELETE');
  for (const end = Date.now() + mostGone; !signal.aborted; ) {
    const now = await found('get', 'GET');
    if (now === undefined || now.metadata.uid !== old.metadata.uid) return;
    if (Date.now() > Math.min(end, how.end)) {
      throw new JobError('unavailable', `${titleOf(object)} is deleted, and does not go away`, {
        hint: 'kubectl get it with -o yaml: its finalizers say who has to let it go; then run it again',
      });
    }
    await sleep(200, undefined, { signal }).catch(() => {});
  }
  signal.throwIfAborted();
}

async function asked<T>(
  verb: string,
  object: KubeObject,
  { waiting, signal }: Applying,
  work: () => Promise<T>,
): Promise<T> {
  const title = titleOf(object);
  const tell = (error: unknown) => waiting(title, refused(verb, title, error).message);
  return patiently(work, { tell, signal }).catch((error) => {
    throw verb === 'apply' ? error : refused(verb, title, error);
  });
}

function absent(error: unknown): undefined {
  if (hasStatus(error, 404)) return undefined;
  throw error;
}

function explained(title: string, error: unknown): JobError {
  const conflict = conflictIn(error);
  if (conflict === undefined)
    return error instanceof JobError ? error : refused('apply', title, error);
  return new JobError('contradiction', `apply ${title}: ${conflict}`, {
    cause: error,
    hint: 'leave that out of the manifests, or take it over with --force-conflicts',
  });
}
