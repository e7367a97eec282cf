import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask, Unsuccessful } from '@sigstand/store/api';
import { endOf } from '../rotate/objects.ts';
import type { Kinds } from './kinds.ts';
import { type KubeObject, type ManagedFields, titleOf } from './objects.ts';
import { conflictIn, isImmutable, mayPass, refused } from './refused.ts';

/** Whose fields the API server notes as ours: by it `down` knows what `up` applied. */
export const manager = 'sigstand-up';

export type Outcome = 'created' | 'changed' | 'unchanged' | 'remade';

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
  readonly signal: AbortSignal;
}

const patience = 15_000; // milliseconds, for a webhook or an API server that starts
const mostGone = 60_000;

/**
 * Applies an object on the server's side. A Job that takes no change, or that has failed, is made anew, which loses
 * nothing: it keeps what is there.
 *
 * @throws {JobError}
 */
export async function applied(object: KubeObject, how: Applying): Promise<Applied> {
  const { access, kinds, signal } = how;
  const title = titleOf(object);
  const before = how.before(title);
  const isJob = object.kind === 'Job';
  try {
    const after = await patiently(object, how);
    const failed = before !== undefined && endOf(after as never) === 'failed';
    if (!isJob || !failed) return { object: after, outcome: outcomeOf(before, after) };
  } catch (error) {
    if (!isJob || !isImmutable(error)) throw explained(title, error);
  }
  const path = kinds.at(object, object.metadata);
  await removed(access, { path, title, signal });
  try {
    return { object: await patiently(object, how), outcome: 'remade' };
  } catch (error) {
    throw explained(title, error);
  }
}

async function patiently(object: KubeObject, how: Applying): Promise<KubeObject> {
  const { access, kinds, force, waiting, signal } = how;
  const path = kinds.at(object, object.metadata);
  const query = { fieldManager: manager, fieldValidation: 'Strict', force: String(force) };
  const body = { type: 'application/apply-patch+yaml', content: object };
  for (const end = Date.now() + patience; ; ) {
    try {
      return (await ask(access, { method: 'PATCH', path, query, body })) as KubeObject;
    } catch (error) {
      if (!mayPass(error) || Date.now() > end || signal.aborted) throw error;
      waiting(titleOf(object), refused('apply', titleOf(object), error).message);
    }
    await sleep(500, undefined, { signal }).catch(() => {});
  }
}

/** Deletes an object, and waits until it is gone with what belongs to it. @throws {JobError} */
export async function removed(
  access: Access,
  { path, title, signal }: { path: string[]; title: string; signal: AbortSignal },
): Promise<void> {
  const gone = (error: unknown) => {
    if (error instanceof Unsuccessful && error.status === 404) return undefined;
    throw refused('delete', title, error);
  };
  const query = { propagationPolicy: 'Foreground' };
  const found = await ask(access, { method: 'GET', path }).catch(gone);
  if (found === undefined) return;
  const { uid } = (found as KubeObject).metadata;
  await ask(access, { method: 'DELETE', path, query }).catch(gone);
  for (const end = Date.now() + mostGone; !signal.aborted; ) {
    const now = (await ask(access, { method: 'GET', path }).catch(gone)) as KubeObject | undefined;
    if (now === undefined || now.metadata.uid !== uid) return;
    if (Date.now() > end) {
      throw new JobError('unavailable', `${title} is deleted, and does not go away`, {
        hint: 'kubectl get it with -o yaml: its finalizers say who has to let it go; then run it again',
      });
    }
    await sleep(200, undefined, { signal }).catch(() => {});
  }
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

/** The API server keeps the time of ours where an apply changes nothing. */
function outcomeOf(before: KubeObject | undefined, after: KubeObject): Outcome {
  if (before === undefined) return 'created';
  if (before.metadata.resourceVersion === after.metadata.resourceVersion) return 'unchanged';
  const [was, is] = [ownFields(before), ownFields(after)];
  return was !== undefined && JSON.stringify(was) === JSON.stringify(is) ? 'unchanged' : 'changed';
}

/** What the API server notes as ours of an object. */
export function ownFields({ metadata }: KubeObject): ManagedFields | undefined {
  return metadata.managedFields?.find(
    (one) => one.manager === manager && one.operation === 'Apply' && !one.subresource,
  );
}
