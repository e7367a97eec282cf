import type { KeyObject } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { publicKeyOf } from '@sigstand/pki/keys';
import { type Key, Root } from '@tufjs/models';
import { tufKey } from './metadata.ts';
import { idOf, type OnlineKeys, onlineRoles } from './role-keys.ts';

/** Who signs the root that follows, and how many of them must. */
export interface RootTrust {
  readonly publicKeys: readonly KeyObject[];
  readonly threshold: number;
}

/** What the root is to become, and who is there to sign it. */
export interface RootWish {
  /** Whom to trust where there is no root yet. */
  readonly first: RootTrust;
  /** Whom to trust from now on; undefined leaves it to those who are trusted already. */
  readonly change: RootTrust | undefined;
  /** Whether to end where that cannot be signed, instead of leaving the root as it is. */
  readonly insists: boolean;
  /** Private keys of old and new, some of which may be nobody's. */
  readonly atHand: readonly KeyObject[];
}

/** A root that can be signed. */
export interface NextRoot {
  readonly keys: readonly Key[];
  readonly threshold: number;
  readonly signers: readonly KeyObject[];
}

/**
 * The root that follows; undefined where none is due, or where those who are trusted are not at hand to
 * renew it.
 *
 * @throws {JobError} data, where it has to change, and too few of those are at hand whom the root before
 *   it, or itself, wants to see.
 */
export function nextRoot(
  published: Root | undefined,
  { first, change, insists, atHand }: RootWish,
  { due, rekeys }: { due: boolean; rekeys: boolean },
): NextRoot | undefined {
  const before = published && trustedBy(published);
  const trust = published ? change : first;
  const wanted = trust && { keys: trust.publicKeys.map(tufKey), threshold: trust.threshold };
  const changes = rekeys || (wanted !== undefined && !(before && sameTrust(before, wanted)));
  if (!changes && !due) return undefined;
  const next = wanted ?? before;
  if (next === undefined || next.keys.length === 0) {
    throw new JobError('data', 'there is no key to sign the first root with', {
      hint: 'give it by --root-key',
    });
  }
  const signers = atHand.filter((key) => [before, next].some((one) => one && knows(one, key)));
  const short = [before, next].find((one) => one && quorum(one, signers) < one.threshold);
  if (short === undefined) return { ...next, signers };
  if (published && !(changes && insists)) return undefined;
  throw tooFew(published, { short, signers, isNext: short !== before });
}

/** Whether those are at hand who can renew a root as it is. */
export function canRenew(published: Root, { atHand }: RootWish): boolean {
  const trust = trustedBy(published);
  return quorum(trust, atHand) >= trust.threshold;
}

/** The root's metadata: its own keys, the keys of each other role, consistent snapshots. */
export function rootOf(
  base: { version: number; specVersion: string; expires: string },
  { keys, threshold }: NextRoot,
  online: readonly OnlineKeys[],
): Root {
  const root = new Root({ ...base, consistentSnapshot: true });
  for (const key of keys) root.addKey(key, 'root');
  for (const role of onlineRoles) {
    for (const one of online) root.addKey(tufKey(publicKeyOf(one[role])), role);
  }
  const { roles, ...rest } = root.toJSON() as Json & { roles: Record<string, Json> };
  // The model itself makes each threshold one.
  return Root.fromJSON({ ...rest, roles: { ...roles, root: { ...roles.root, threshold } } });
}

type Json = Parameters<typeof Root.fromJSON>[0];

/** Key ids are digests, unless somebody else wrote them. */
export function told(keyID: string): string {
  return /^[0-9a-f]{64}$/.test(keyID) ? keyID : 'a key of an odd name';
}

interface Trust {
  readonly keys: readonly Key[];
  readonly threshold: number;
}

function trustedBy({ roles, keys }: Root): Trust {
  const { keyIDs = [], threshold = 1 } = roles.root ?? {};
  return { keys: keyIDs.flatMap((id) => keys[id] ?? []), threshold };
}

function sameTrust(a: Trust, b: Trust): boolean {
  const ids = ({ keys }: Trust) => [...new Set(keys.map(({ keyID }) => keyID))].sort().join();
  return a.threshold === b.threshold && ids(a) === ids(b);
}

function knows({ keys }: Trust, privateKey: KeyObject): boolean {
  return keys.some(({ keyID }) => keyID === idOf(privateKey));
}

function quorum(trust: Trust, privateKeys: readonly KeyObject[]): number {
  return new Set(privateKeys.filter((key) => knows(trust, key)).map(idOf)).size;
}

function tooFew(
  published: Root | undefined,
  { short, signers, isNext }: { short: Trust; signers: readonly KeyObject[]; isNext: boolean },
): JobError {
  const whose = isNext ? 'the new root' : `root ${published?.version}`;
  const named = short.keys.map(({ keyID }) => told(keyID)).join(', ');
  return new JobError(
    'data',
    `${whose} wants ${short.threshold} of its keys to sign (${named}), and ${quorum(short, signers)} of them are at hand`,
    {
      hint: isNext
        ? 'give more private keys by --root-key, or a lower --root-threshold'
        : 'give those keys by --old-root-key',
    },
  );
}
