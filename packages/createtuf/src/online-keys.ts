import { type Repository, RepositoryError } from './repository.ts';
import { idOf, type OnlineKeys, type RoleKeys, strangerIn } from './role-keys.ts';
import { told } from './root.ts';
import { signedAt } from './times.ts';

/*
 * Targets, snapshot and timestamp get new keys by two roots. The first names both, and both sign: whoever still has an old
 * root, or an old timestamp, can do with it. The second names the new ones alone.
 */

/** The online keys of a repository that is to be signed. */
export interface Online {
  /** Those that its root names, if it is there. */
  readonly trusted: readonly OnlineKeys[];
  /** Those that a new root is to name. */
  readonly coming?: readonly OnlineKeys[];
  /** Those that sign. */
  readonly signing: readonly OnlineKeys[];
  /** Those that sign once such a root is signed. */
  readonly signingThen: readonly OnlineKeys[];
}

/** When the old keys may go: at once, or once each timestamp that they alone have signed is over. */
export interface Overlap {
  readonly hurries: boolean;
  /** How long a timestamp is valid; milliseconds. */
  readonly lifetime: number;
  readonly now: Date;
}

/**
 * The online keys by the root that is published, and by what the record holds.
 *
 * @throws {RepositoryError} Where the repository trusts other keys than the record holds. A root key of
 *   an earlier root is no stranger: the rotation that ended it may be the one under way.
 */
export function onlineKeys(
  published: Repository | undefined,
  keys: RoleKeys,
  overlap: Overlap,
): Online {
  const { nextOnline } = keys;
  const alone = { trusted: [keys], signing: [keys], signingThen: [keys] };
  if (published === undefined) return alone;
  const { root } = published;
  refuseOtherRoot(published, keys);
  if (nextOnline && !strangerIn(root, [nextOnline])) {
    return { trusted: [nextOnline], signing: [nextOnline], signingThen: [nextOnline] };
  }
  const both = nextOnline && [nextOnline, keys];
  if (both && !strangerIn(root, both)) {
    const isOver = overlap.hurries || isLapsed(published, overlap);
    return {
      ...{ trusted: both, signing: both, signingThen: both },
      ...(isOver && { coming: [nextOnline] }),
    };
  }
  const stranger = strangerIn(root, [keys]);
  if (stranger) {
    const keyIDs = root.roles[stranger]?.keyIDs ?? [];
    throw otherKey(stranger, { trusted: keyIDs, keyID: idOf(keys[stranger]) });
  }
  return both ? { ...alone, coming: both, signingThen: both } : alone;
}

/** Whether no timestamp is valid any more that was signed before the newest root. */
function isLapsed({ files }: Repository, { lifetime, now }: Omit<Overlap, 'hurries'>): boolean {
  const signed = signedAt(files['root.json']);
  return signed !== undefined && signed.getTime() + lifetime < now.getTime();
}

function refuseOtherRoot({ root, rootKeyIds }: Repository, keys: RoleKeys): void {
  const trusted = root.roles.root?.keyIDs ?? [];
  const keyID = keys.root && idOf(keys.root);
  const rotated = keys.next && trusted.includes(idOf(keys.next));
  if (keyID && !rootKeyIds.has(keyID) && !rotated) throw otherKey('root', { trusted, keyID });
}

function otherKey(role: string, { trusted, keyID }: { trusted: readonly string[]; keyID: string }) {
  return new RepositoryError(
    `trusts ${trusted.map(told).join(', ') || 'nobody'} for ${role}, and the key at hand is ${keyID}`,
  );
}
