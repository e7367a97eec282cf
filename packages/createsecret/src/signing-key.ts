import { rekorSigningSecret } from '@sigstand/contracts/records';
import { at } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import type { Entropy, KeyType } from '@sigstand/pki/entropy';
import { publicKeyOf, publicPem, refuseWeak } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { utf8 } from '@sigstand/pki/pem';
import { keysNeeded, lackingPassword } from '@sigstand/pki/plain-key';
import { sealPkcs8 } from '@sigstand/pki/seal';
import type { Change, Data } from '@sigstand/store/store';

/** Rekor's sealed key and its password, where there is none yet. */
export function newSigningKey(
  place: string,
  current: Data | undefined,
  { keyType, entropy }: { keyType: KeyType; entropy: Entropy },
): Change | undefined {
  const needed = keysNeeded(rekorSigningSecret.keys, current, sealedKey);
  if (allOrNone(place, current, needed, rekorSigningSecret.keys) === 'all') return undefined;
  const password = entropy.password();
  return {
    data: {
      'signing-secret': sealPkcs8(entropy.privateKey(keyType), password),
      'signing-secret-password': utf8(password),
    },
  };
}

const sealedKey = { key: 'signing-secret', password: 'signing-secret-password' } as const;

/** What stands in for the password of a key that is not sealed. */
export function lackingBesideKey(stored: Data): Change | undefined {
  const data = lackingPassword(stored, sealedKey);
  return Object.keys(data).length > 0 ? { data } : undefined;
}

/** The public record of the stored key; throws where its password does not open it. */
export function publicKeyData(place: string, secret: Data): Data {
  const { 'signing-secret': sealed, 'signing-secret-password': password } = secret;
  return at(`${place} key signing-secret`, () => {
    const key = openPrivateKey(sealed ?? new Uint8Array(), password ?? new Uint8Array());
    const publicKey = publicKeyOf(key);
    refuseWeak(publicKey);
    return { public: publicPem(publicKey) };
  });
}
