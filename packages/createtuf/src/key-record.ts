import { JobError } from '@sigstand/job/errors';
import { listed } from '@sigstand/job/listed';
import type { JobContext } from '@sigstand/job/main';
import type { Entropy } from '@sigstand/pki/entropy';
import { converge } from '@sigstand/store/converge';
import { type Change, type Snapshot, show } from '@sigstand/store/store';
import { keysGone } from './first-root.ts';
import type { Objects } from './options.ts';
import type { Repository } from './repository.ts';
import {
  idOf,
  type KeyWish,
  lackingRoleKeys,
  onlineRoles,
  type RoleKeys,
  readRoleKeys,
  settledOnlineKeys,
  settledRoleKeys,
} from './role-keys.ts';

/** The role keys, and the record of them as this run found it; undefined where it had none. */
export interface Found {
  readonly keys: RoleKeys;
  readonly found: Snapshot | undefined;
}

interface KeyUse extends KeyWish {
  readonly inUse: boolean;
  readonly entropy: Entropy;
  readonly tryOut: (keys: Found) => Promise<void>;
}

/** The role keys; what the record lacks is made, once it was tried out. */
export async function roleKeys(
  { store, log }: JobContext,
  objects: Objects,
  { inUse, tryOut, ...wish }: KeyUse,
): Promise<Found> {
  const place = show(objects.keys);
  let outcome = '';
  let found: Snapshot | undefined;
  const stored = await converge(store, objects.keys, async (current) => {
    const change = lackingRoleKeys(place, current, wish);
    const created = change?.data?.timestamp !== undefined;
    if (created && inUse) throw keysGone(objects);
    found = created ? undefined : current;
    if (change?.data) {
      const keys = readRoleKeys(place, { ...current?.data, ...change.data });
      await withKeys({ store }, objects, { keys, work: () => tryOut({ keys, found }) });
    }
    outcome = created
      ? 'created'
      : change?.data
        ? `added ${listed(Object.keys(change.data))} to`
        : 'kept';
    return change;
  });
  log(`${outcome} the role keys in ${place}`);
  return { keys: readRoleKeys(place, stored.data), found };
}

/**
 * Does what needs those keys. What contradicts keys that another run has replaced meanwhile is no contradiction.
 *
 * @throws {JobError} tryAgain, where that is so.
 */
export async function withKeys<T>(
  { store }: Pick<JobContext, 'store'>,
  objects: Objects,
  { keys, work }: { keys: RoleKeys; work: () => Promise<T> },
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof JobError) || error.failure !== 'contradiction') throw error;
    const { data } = (await store.read(objects.keys)) ?? {};
    const now = data?.timestamp && readRoleKeys(show(objects.keys), data);
    if (now === undefined || onlineRoles.every((role) => idOf(now[role]) === idOf(keys[role])))
      throw error;
    throw new JobError('tryAgain', `another run gave the repository other keys meanwhile`, {
      hint: 'nothing was changed; the next run works with those',
    });
  }
}

/** The last step of a rotation: only what the published root needs stays in the record of keys. */
export async function settleKeys(
  { store, log }: JobContext,
  objects: Objects,
  { keys, published }: { keys: RoleKeys; published: Repository },
) {
  const { next, nextOnline, root } = keys;
  const now = new Set(published.root.roles.root?.keyIDs);
  if (!next && !nextOnline && (!root || now.has(idOf(root)))) return;
  const place = show(objects.keys);
  const trust = { now, ever: published.rootKeyIds };
  let roots: Change | undefined;
  let online: Change | undefined;
  await converge(store, objects.keys, (current) => {
    if (current === undefined) throw keysGone(objects);
    roots = settledRoleKeys(place, current, trust);
    online = settledOnlineKeys(place, current, published.root);
    if (!roots || !online) return roots ?? online;
    const remove = [...(roots.remove ?? []), ...(online.remove ?? [])];
    return { ...roots, data: { ...roots.data, ...online.data }, remove };
  });
  if (roots) log(`${roots.data ? 'replaced' : 'removed'} the root key of before in ${place}`);
  if (online) log(`replaced the keys of ${onlineRoles.join(', ')} in ${place}`);
}
