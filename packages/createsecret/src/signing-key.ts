import { rekorSigningSecret } from '@sigstand/contracts/records';
import { at } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import type { Entropy, KeyType } from '@sigstand/pki/entropy';
import { publicKeyOf, publicPem, refuseWeak } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { utf8 } from '@sigstand/pki/pem';
import { sealPkcs8 } from '@sigstand/pki/seal';
import type { Change, Data } from '@sigstand/store/store';

/** Rekor's sealed key and its password, where there is none yet. */
export function newSigningKey(
  place: string,
  current: Data | undefined,
  { keyType, entropy }: { keyType: KeyType; entropy: Entropy },
): Change | undefined {
  if (allOrNone(place, current, rekorSigningSecret.keys) === 'all') return undefined;
  const password = entropy.password();
  return {
    data: {
      'signing-secret': sealPkcs8(entropy.privateKey(keyType), password),
      'signing-secret-password': utf8(password),
    },
  };
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
