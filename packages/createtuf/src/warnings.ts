import type { JobContext } from '@sigstand/job/main';
import { soon } from '@sigstand/pki/validity';
import { StoreError } from '@sigstand/store/store';
import { type Overlap, onlineKeys } from './online-keys.ts';
import type { Objects } from './options.ts';
import type { Repository } from './repository.ts';
import type { RoleKeys } from './role-keys.ts';
import { canRenew, type RootWish } from './root.ts';

const day = 86_400_000;

/** What to tell of a rotation of the online keys that waits for who holds the root's key. */
export function keyWarnings(
  published: Repository,
  keys: RoleKeys,
  overlap: Omit<Overlap, 'hurries'>,
): string[] {
  const { coming = [] } = onlineKeys(published, keys, { hurries: false, ...overlap });
  if (coming.length === 0) return [];
  const what =
    coming.length > 1 ? 'new online keys wait to be named' : 'old online keys wait to go';
  return [`${what} by a root; who holds its key must run createtuf with --rotate-keys --root-key`];
}

/** What to tell of a root whose key people keep; they need weeks to come together. */
export function rootWarnings({ root }: Repository, wish: RootWish, now: Date): string[] {
  const left = Date.parse(root.expires) - now.getTime();
  if (left > soon || canRenew(root, wish)) return [];
  const when =
    left < 0
      ? `expired at ${root.expires}: no client updates`
      : `expires at ${root.expires}, in ${Math.floor(left / day)} days`;
  return [`root ${root.version} ${when}; who holds its key must run createtuf with --root-key`];
}

/** Each warning in the log, and all of them as one Event of the repository. */
export async function warn(
  { store, log }: JobContext,
  { repository }: Pick<Objects, 'repository'>,
  warnings: readonly string[],
) {
  if (warnings.length === 0) return;
  for (const warning of warnings) log(`warning: ${warning}`);
  const message = warnings.join('; ').slice(0, 1_000);
  try {
    await store.warn(repository, { reason: 'Expiry', message });
  } catch (error) {
    // Who reads no log may miss it, but nothing is wrong with what was published.
    if (!(error instanceof StoreError)) throw error;
    log(`warning: no Event could be made of this: ${error.message}`);
  }
}
