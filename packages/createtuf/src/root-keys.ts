import type { KeyObject } from 'node:crypto';
import { at } from '@sigstand/job/errors';
import { PkiError } from '@sigstand/pki/error';
import { parsePublicKey, publicKeyOf } from '@sigstand/pki/keys';
import { pemBlocks } from '@sigstand/pki/pem';
import { type RoleKeys, readPrivateKey } from './role-keys.ts';
import type { RootWish } from './root.ts';

/** A root key that is brought along; without its private half it is trusted, and does not sign. */
export interface BroughtKey {
  readonly publicKey: KeyObject;
  readonly privateKey?: KeyObject;
}

/** @throws {JobError} data, naming the place, where there is no Ed25519 key. */
export function readRootKey(place: string, bytes: Uint8Array): BroughtKey {
  return at(place, () => {
    if (pemBlocks(bytes)[0]?.label !== 'PUBLIC KEY') {
      const privateKey = readPrivateKey(bytes);
      return { privateKey, publicKey: publicKeyOf(privateKey) };
    }
    const publicKey = parsePublicKey(bytes);
    if (publicKey.asymmetricKeyType !== 'ed25519') throw new PkiError('is not an Ed25519 key');
    return { publicKey };
  });
}

/** The root keys that somebody brings to a run, and what for. */
export interface Brought {
  readonly keys: readonly BroughtKey[];
  /** Those of a root before. */
  readonly old: readonly BroughtKey[];
  /** How many of `keys` have to sign. */
  readonly threshold: number;
  readonly rotates: boolean;
  /** Whether the online roles get new keys, which a new root has to name. */
  readonly rekeys: boolean;
}

/** Whom the root is to trust, and who is there to sign it, by the record's keys and those brought. */
export function rootWish({ root, next }: RoleKeys, brought: Brought): RootWish {
  const { keys, old, threshold, rotates, rekeys } = brought;
  const trusting = { publicKeys: keys.map(({ publicKey }) => publicKey), threshold };
  const alone = (key: KeyObject | undefined) => ({
    publicKeys: key ? [publicKeyOf(key)] : [],
    threshold: 1,
  });
  const isBrought = keys.length > 0;
  // A next key in the record is a rotation that was begun and not ended.
  const begun = next && alone(next);
  return {
    first: isBrought ? trusting : alone(root),
    change: isBrought && rotates ? trusting : begun,
    insists: rotates || rekeys,
    atHand: [root, next, ...[...keys, ...old].map((one) => one.privateKey)].flatMap(
      (key) => key ?? [],
    ),
  };
}
