import type { KeyObject } from 'node:crypto';
import { PkiError } from '@sigstand/pki/error';
import { PublicKeyDetails } from '@sigstore/protobuf-specs';

const ofCurve: Record<string, PublicKeyDetails> = {
  prime256v1: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256,
  secp384r1: PublicKeyDetails.PKIX_ECDSA_P384_SHA_384,
  secp521r1: PublicKeyDetails.PKIX_ECDSA_P521_SHA_512,
};

const ofModulus: Record<number, PublicKeyDetails> = {
  2048: PublicKeyDetails.PKIX_RSA_PKCS1V15_2048_SHA256,
  3072: PublicKeyDetails.PKIX_RSA_PKCS1V15_3072_SHA256,
  4096: PublicKeyDetails.PKIX_RSA_PKCS1V15_4096_SHA256,
};

/**
 * How the clients call this kind of key.
 *
 * @throws {PkiError} Where they have no name for it.
 */
export function keyDetails(key: KeyObject): PublicKeyDetails {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const details =
    key.asymmetricKeyType === 'ed25519'
      ? PublicKeyDetails.PKIX_ED25519
      : key.asymmetricKeyType === 'rsa'
        ? ofModulus[modulusLength]
        : ofCurve[namedCurve];
  if (details === undefined) {
    throw new PkiError('is a key of a kind that no Sigstore client verifies with');
  }
  return details;
}
