import type { KeyObject } from 'node:crypto';
import { ctlogKey, ctlogPublicKey, ctlogSecrets } from '@sigstand/contracts/records';
import { at, JobError } from '@sigstand/job/errors';
import type { JobContext } from '@sigstand/job/main';
import { keepPair, type Pair } from '@sigstand/job/pair';
import { refuseStrangers } from '@sigstand/job/strangers';
import type { Trusted } from '@sigstand/job/trusted';
import { allOrNone } from '@sigstand/job/whole';
import { createdNote, dated } from '@sigstand/pki/created';
import type { Entropy } from '@sigstand/pki/entropy';
import { fingerprint, parsePublicKey, publicKeyOf, publicPem } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { utf8 } from '@sigstand/pki/pem';
import { keysNeeded } from '@sigstand/pki/plain-key';
import { sealRfc1423 } from '@sigstand/pki/seal';
import { converge } from '@sigstand/store/converge';
import { type Annotations, type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { holdsLog, refuseUnfit } from './ctlog-secret.ts';

/*
 * The log's Secret is whole or not there, since a Pod waits for it, and needs a tree. The key needs
 * nothing: a Secret of its own keeps it from the start of the Job until the log's own has it.
 */

/** Where a log's key is: in the log's Secret, its public half, and the reservation. */
export interface LogRecords {
  readonly secret: Ref;
  readonly published: Ref;
  readonly reservation: Ref;
}

/** A key that no log has yet, and when it was made, where that is known. */
export interface Reserved {
  readonly privateKey: KeyObject;
  readonly dated: Pair['dated'];
}

/** The name of the reservation: each log of a namespace has its own, or two would share a key. */
export function reservationOf(secret: string): string {
  return secret === ctlogSecrets.name ? ctlogKey.name : `${secret}-reserved-key`;
}

/** How a key is made, and what must be right before. */
interface Making {
  readonly entropy: Entropy;
  readonly newKey: () => KeyObject;
  readonly trusted: Trusted | undefined;
  /** Throws where this, in the log's place, would be in the way of the log. */
  readonly check: (current: Data | undefined) => void;
}

/**
 * Reserves a key, unless one is reserved, and publishes it. Undefined where the log has a key.
 *
 * @throws {JobError} contradiction, where another key is published, or one without the log it is of.
 */
export async function reserve(
  { store, log, now }: JobContext,
  { secret, published, reservation }: LogRecords,
  { entropy, newKey, trusted, check }: Making,
): Promise<Reserved | undefined> {
  const isThere = async () => {
    const current = (await store.read(secret))?.data;
    if (holdsLog(show(secret), current)) return true;
    check(current);
    return false;
  };
  if (await isThere()) return undefined;
  const kept = await keepPair(store, {
    secret: reservation,
    home: secret,
    published,
    publishes: ctlogPublicKey.keys,
    make: async (current) => {
      if (keyIn(reservation, current)) return undefined;
      // Asked after the reservation was read: it is emptied only once the log is there. Where it was not
      // even there, an empty one conflicts with that of whoever was faster, and all is read again.
      if (await isThere()) return current ? undefined : { data: {} };
      refuseStrangers(show(reservation), current, { wanted: ctlogKey.keys });
      const password = entropy.password();
      return { data: { private: sealRfc1423(newKey(), password), password: utf8(password) } };
    },
    derive: (data) => {
      const key = keyIn(reservation, data);
      return key ? { public: publicPem(publicKeyOf(key)) } : {};
    },
    identify: (_key, value) => fingerprint(parsePublicKey(value)),
    trusted,
    // It is emptied in the end.
    immutable: false,
    dated: dated(now),
  });
  const found = reservedIn(reservation, kept.secret, kept.annotations);
  if (found && kept.outcome === 'created') {
    log(
      `reserved the CT log's key in ${show(reservation)}; its public key is in ${show(published)}`,
    );
  }
  return found;
}

/** The key that is reserved, if one is; makes none. */
export async function findReserved(store: Store, reservation: Ref): Promise<Reserved | undefined> {
  const found = await store.read(reservation);
  return found && reservedIn(reservation, found.data, found.annotations);
}

/**
 * Whether the log's key is still reserved as well.
 *
 * @throws {JobError} contradiction, where that is another key.
 */
export async function isReserved(store: Store, reservation: Ref, key: KeyObject): Promise<boolean> {
  const found = keyIn(reservation, (await store.read(reservation))?.data);
  if (found) refuseOther(reservation, found, key);
  return found !== undefined;
}

/** Empties the reservation of a key that the log has: no second copy stays, nor is it used again. */
export async function letGo(store: Store, reservation: Ref, key: KeyObject): Promise<void> {
  await converge(store, reservation, (current) => {
    const found = keyIn(reservation, current?.data);
    if (!found) return undefined;
    refuseOther(reservation, found, key);
    return { remove: ctlogKey.keys };
  });
}

/** @throws {JobError} contradiction, where the key in that Secret is not the log's. */
export function refuseOther(ref: Ref, found: KeyObject, kept: KeyObject): void {
  const [its, ours] = [publicKeyOf(found), kept].map(fingerprint);
  if (its === ours) return;
  throw new JobError('contradiction', `${show(ref)} has the key ${its}, but the log has ${ours}`, {
    hint: 'nothing was changed; a log that has a key keeps it: take the other one away',
  });
}

function reservedIn(ref: Ref, data: Data, annotations: Annotations): Reserved | undefined {
  const privateKey = keyIn(ref, data);
  const time = annotations[createdNote];
  return privateKey && { privateKey, dated: time ? { note: createdNote, time } : undefined };
}

function keyIn(ref: Ref, data: Data | undefined): KeyObject | undefined {
  const needed = keysNeeded(ctlogKey.keys, data, { key: 'private', password: 'password' });
  // What else may be there is looked at where a key is made.
  if (allOrNone(show(ref), data, needed, Object.keys(data ?? {})) === 'none') return undefined;
  const { private: sealed = new Uint8Array(), password = new Uint8Array() } = data ?? {};
  return at(`${show(ref)} key private`, () => refuseUnfit(openPrivateKey(sealed, password)));
}
