import { soon } from '@sigstand/pki/validity';
import type { Repository } from './repository.ts';
import { canRenew, type RootWish } from './root.ts';

const day = 86_400_000;

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
