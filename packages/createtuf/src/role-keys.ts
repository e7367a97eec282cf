import { createPrivateKey, type KeyObject } from 'node:crypto';
import { tufKeys } from '@sigstand/contracts/records';
import { at } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import type { Entropy } from '@sigstand/pki/entropy';
import { PkiError } from '@sigstand/pki/error';
import { publicKeyOf } from '@sigstand/pki/keys';
import { pem, pemBlocks } from '@sigstand/pki/pem';
import type { Change, Data, Snapshot } from '@sigstand/store/store';
import type { Root } from '@tufjs/models';
import { unpublished } from './first-root.ts';
import { keyId } from './metadata.ts';

export const roles = tufKeys.keys;
export type Role = (typeof roles)[number];

/** The roles that every refresh needs; the root's key may be elsewhere. */
export const onlineRoles = ['targets', 'snapshot', 'timestamp'] as const;

/** A key for each of them. */
export type OnlineKeys = Readonly<Record<(typeof onlineRoles)[number], KeyObject>>;

/** The private keys that the record holds. */
export interface RoleKeys extends OnlineKeys {
  /** Undefined where people keep it. */
  readonly root?: KeyObject;
  /** The root's next key, from the moment that a rotation begins until it is done. */
  readonly next?: KeyObject;
  /** The next keys of the other roles, as long as their rotation takes. */
  readonly nextOnline?: OnlineKeys;
}

/** The record's key for a root key that clients do not trust yet. */
const nextKey = 'root-next';

/** The record's key for an online key that clients do not trust yet. */
const nextOf = (role: Role) => `${role}-next`;
const onlineNext = onlineRoles.map(nextOf);
const known = [...roles, nextKey, ...onlineNext];

const whereRootIs = 'sigstand.dev/root-key';

/** What is asked of the record of role keys. */
export interface KeyWish {
  /** Whether somebody brings the root's key, so that none is made here. */
  readonly broughtRoot: boolean;
  /** Whether the root is to get a new key, made here. */
  readonly rotates: boolean;
  /** Whether the online roles are to get new keys. */
  readonly rekeys: boolean;
}

/** What the record lacks: all keys where there are none yet, the next one where a rotation begins. */
export function lackingRoleKeys(
  place: string,
  current: Snapshot | undefined,
  { broughtRoot, rotates, rekeys, entropy }: KeyWish & { entropy: Entropy },
): Change | undefined {
  const elsewhere = broughtRoot || current?.annotations[whereRootIs] === 'elsewhere';
  const wanted: readonly Role[] = elsewhere ? onlineRoles : roles;
  if (allOrNone(place, current?.data, wanted, known) === 'none') {
    const data = Object.fromEntries(wanted.map((role) => [role, pkcs8(entropy)]));
    const where = elsewhere ? { [whereRootIs]: 'elsewhere' } : {};
    return { data, annotations: { ...unpublished, ...where } };
  }
  const lacking = [
    ...(rotates && !broughtRoot ? [nextKey] : []),
    ...(rekeys ? onlineNext : []),
  ].filter((name) => current?.data[name] === undefined);
  if (lacking.length === 0) return undefined;
  return { data: Object.fromEntries(lacking.map((name) => [name, pkcs8(entropy)])) };
}

/**
 * What the record is to hold once a root is published: its next key takes the place of the one before,
 * and a key that clients trust no longer goes, where somebody else's took its place.
 */
export function settledRoleKeys(
  place: string,
  current: Snapshot,
  trust: { readonly now: ReadonlySet<string>; readonly ever: ReadonlySet<string> },
): Change | undefined {
  const { root, next } = readRoleKeys(place, current.data);
  const bytes = current.data[nextKey];
  if (next && bytes && trust.now.has(idOf(next))) {
    return {
      data: { root: bytes },
      remove: [nextKey],
      annotations: { [whereRootIs]: 'here' },
    };
  }
  // A key that no root ever trusted is none of ours to remove; the next run tells of it.
  if (!root || next || trust.now.has(idOf(root)) || !trust.ever.has(idOf(root))) return undefined;
  return { remove: ['root'], annotations: { [whereRootIs]: 'elsewhere' } };
}

/** What the record is to hold once a root names its next online keys alone: those, in the place of the ones before. */
export function settledOnlineKeys(
  place: string,
  current: Snapshot,
  root: Root,
): Change | undefined {
  const { nextOnline } = readRoleKeys(place, current.data);
  if (!nextOnline || strangerIn(root, [nextOnline])) return undefined;
  const data = onlineRoles.map((role) => [role, current.data[nextOf(role)] ?? new Uint8Array()]);
  return { data: Object.fromEntries(data), remove: onlineNext };
}

/** The first online role for which a root trusts others than exactly these keys. */
export function strangerIn({ roles: trusted }: Root, keys: readonly OnlineKeys[]) {
  return onlineRoles.find((role) => {
    const wanted = keys.map((one) => idOf(one[role])).sort();
    return [...(trusted[role]?.keyIDs ?? [])].sort().join() !== wanted.join();
  });
}

/** The keys as they are stored. */
export function readRoleKeys(place: string, data: Data): RoleKeys {
  const read = (key: string) => at(`${place} key ${key}`, () => readPrivateKey(data[key]));
  const next = onlineNext.filter((name) => data[name] !== undefined);
  if (next.length > 0) allOrNone(place, data, onlineNext, known);
  return {
    ...(data.root && { root: read('root') }),
    ...(data[nextKey] && { next: read(nextKey) }),
    ...(next.length > 0 && { nextOnline: online((role) => read(nextOf(role))) }),
    ...online(read),
  };
}

function online(key: (role: Role) => KeyObject): OnlineKeys {
  return { targets: key('targets'), snapshot: key('snapshot'), timestamp: key('timestamp') };
}

/** The id that metadata knows a private key by. */
export function idOf(privateKey: KeyObject): string {
  return keyId(publicKeyOf(privateKey));
}

/**
 * One private key of the kind that signs metadata.
 *
 * @throws {PkiError}
 */
export function readPrivateKey(bytes: Uint8Array | undefined): KeyObject {
  const [block, ...others] = pemBlocks(bytes ?? new Uint8Array());
  const key = block && others.length === 0 ? parsed(block.der) : undefined;
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new PkiError('is not one Ed25519 private key in PEM (PKCS #8)');
  }
  return key;
}

function pkcs8(entropy: Entropy): Uint8Array {
  const der = entropy.privateKey('ed25519').export({ type: 'pkcs8', format: 'der' });
  return pem('PRIVATE KEY', new Uint8Array(der));
}

function parsed(der: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}
