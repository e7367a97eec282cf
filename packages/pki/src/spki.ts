import { createPublicKey, type KeyObject } from 'node:crypto';
import { bitsOf, contentOf, type Element, integerOf, oidOf, only, tag, within } from './der.ts';
import { PkiError } from './error.ts';

/** Object identifiers of public keys (RFC 3279 §2.3, RFC 8410 §3). */
export const algorithm = {
  rsa: '1.2.840.113549.1.1.1',
  ec: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
} as const;

/** The curves of RFC 5480 §2.1.1.1 that Sigstore signs on: their names, and the octets of a coordinate. */
export const curves: Readonly<Record<string, { readonly name: string; readonly size: number }>> = {
  '1.2.840.10045.3.1.7': { name: 'P-256', size: 32 },
  '1.3.132.0.34': { name: 'P-384', size: 48 },
  '1.3.132.0.35': { name: 'P-521', size: 66 },
};

/**
 * A public key from its SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), in the one form that Go reads and writes:
 * an EC key names its curve and has its point uncompressed, an RSA key has NULL for parameters, an Ed25519
 * key none. A log's ID is the hash of these bytes, so no other form of the same key may be published.
 *
 * @throws {PkiError}
 */
export function readSpki(der: Uint8Array): KeyObject {
  checkSpki(only(der));
  const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  // Some are read that cannot be written, as the point at infinity.
  key.export({ type: 'spki', format: 'der' });
  return key;
}

/** @throws {PkiError} Where the element is not a SubjectPublicKeyInfo in that form. */
export function checkSpki(info: Element | undefined): void {
  const [identifier, bits, ...others] = within(info);
  const { octets: key, unused } = bitsOf(bits);
  if (unused > 0 || others.length > 0) throw unreadable();
  const [id, ...parameters] = within(identifier);
  switch (oidOf(id)) {
    case algorithm.rsa:
      checkRsa(key, parameters);
      return;
    case algorithm.ec:
      checkPoint(key, parameters);
      return;
    case algorithm.ed25519:
      if (parameters.length > 0 || key.length !== 32) throw unreadable();
      return;
    default:
      throw otherKind();
  }
}

function checkRsa(key: Uint8Array, [parameters, ...others]: readonly Element[]): void {
  const [modulus, exponent, ...more] = within(only(key));
  if (contentOf(parameters, tag.nothing).length + others.length + more.length > 0)
    throw unreadable();
  if (integerOf(modulus) <= 0n || integerOf(exponent) <= 0n) throw unreadable();
}

function checkPoint(point: Uint8Array, [curve, ...others]: readonly Element[]): void {
  if (curve?.tag === tag.sequence) {
    throw new PkiError('has an EC key with explicit curve parameters, which Go does not read');
  }
  const known = curves[oidOf(curve)];
  if (known === undefined) throw otherKind();
  if (point[0] === 0x02 || point[0] === 0x03) {
    throw new PkiError(
      'has an EC key with a compressed point, which Go does not read in a public key',
    );
  }
  if (others.length > 0 || point[0] !== 0x04 || point.length !== 1 + 2 * known.size) {
    throw unreadable();
  }
}

function unreadable(): PkiError {
  return new PkiError('has a public key that cannot be read');
}

/** For a key that no server of Sigstore signs with. */
export function otherKind(): PkiError {
  return new PkiError('is a key of a kind or length that Sigstore does not take');
}
