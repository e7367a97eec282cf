import { createHash, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { elements } from './der.ts';
import { PkiError } from './error.ts';
import { pem, pemBlocks } from './pem.ts';
import { otherKind, readSpki } from './spki.ts';

/** The public half of a private key. */
export function publicKeyOf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey);
}

/** SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) in DER. */
export function spki(publicKey: KeyObject): Uint8Array {
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
}

/** SubjectPublicKeyInfo in PEM. */
export function publicPem(publicKey: KeyObject): Uint8Array {
  return pem('PUBLIC KEY', spki(publicKey));
}

/** SHA-256 of SubjectPublicKeyInfo in hex: the name of a key that may be told to anybody. */
export function fingerprint(publicKey: KeyObject): string {
  return createHash('sha256').update(spki(publicKey)).digest('hex');
}

/**
 * The one public key in a PEM text, of a kind that Sigstore takes.
 *
 * @throws {PkiError} For anything else; a private key is refused by name.
 */
export function parsePublicKey(bytes: Uint8Array): KeyObject {
  refusePrivate(bytes);
  const [block, ...others] = pemBlocks(bytes);
  if (block?.label !== 'PUBLIC KEY' || others.length > 0) {
    throw new PkiError('is not one PUBLIC KEY in PEM');
  }
  const key = readPublicKey(block.der);
  refuseWeak(key);
  return key;
}

function readPublicKey(der: Uint8Array): KeyObject {
  // Node overlooks what follows the key in its block, and that may be a private one.
  if (elements(der).length > 1) throw new PkiError('is a PUBLIC KEY with something behind it');
  try {
    return readSpki(der);
  } catch (error) {
    if (error instanceof PkiError && error.message !== 'is not DER') throw error;
    throw new PkiError('is a PUBLIC KEY that cannot be read');
  }
}

/** @throws {PkiError} Where a private key stands among the blocks of a text that is to be public. */
export function refusePrivate(bytes: Uint8Array): void {
  // By the text, not by parsed blocks: a broken block must not slip through.
  if (/PRIVATE KEY/.test(Buffer.from(bytes).toString('latin1'))) {
    throw new PkiError('holds a private key, and this place is public');
  }
}

/** @throws {PkiError} contradiction, naming both keys, where the certificate is for another one. */
export function refuseMismatch(certificate: X509Certificate, privateKey: KeyObject): void {
  const [certified, held] = [certificate.publicKey, publicKeyOf(privateKey)].map(fingerprint);
  if (certified === held) return;
  throw new PkiError(
    `is for the key ${certified}, but the private key is ${held}`,
    'contradiction',
  );
}

/** A modulus is a product of two odd primes; OpenSSL reads any number. */
function isOdd(publicKey: KeyObject): boolean {
  const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
  return ((modulus.at(-1) ?? 0) & 1) === 1;
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1'];
const moduli = [2048, 3072, 4096];

/**
 * Refuses a key that Sigstore's servers would not start with: they take ECDSA on the NIST curves,
 * Ed25519, and RSA of the usual lengths with exponent 65537.
 *
 * @throws {PkiError}
 */
export function refuseWeak(publicKey: KeyObject): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = publicKey;
  if (type === 'ed25519') return;
  if (type === 'ec' && curves.includes(details.namedCurve ?? '')) return;
  if (type === 'rsa' && moduli.includes(details.modulusLength ?? 0)) {
    if (details.publicExponent === 65_537n && isOdd(publicKey)) return;
  }
  throw otherKind();
}

/**
 * Refuses a key that no CT log can use: it signs with ECDSA or RSA (RFC 6962 §2.1.4).
 *
 * @throws {PkiError}
 */
export function refuseNoCtKey(publicKey: KeyObject): void {
  refuseWeak(publicKey);
  if (publicKey.asymmetricKeyType === 'ed25519') {
    throw new PkiError('is an Ed25519 key; a CT log signs with ECDSA or RSA');
  }
}

/**
 * Whether clients verify what a CT log signs with this key. RFC 6962 §2.1.4 has one curve, P-256, and cosign
 * and sigstore-go hold to it: by a log on another one they refuse every certificate of Fulcio's.
 */
export function clientsVerifyCt({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'rsa' || asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

/** What is wrong with a CT log's key on another curve than P-256. */
export const otherCtCurve =
  'is on another curve than P-256, and cosign and sigstore-go verify nothing that such a CT log signs';

/** @throws {PkiError} Where a CT log's key is one that clients do not verify with, or none at all. */
export function refuseNewCtKey(publicKey: KeyObject): void {
  refuseNoCtKey(publicKey);
  if (!clientsVerifyCt(publicKey)) throw new PkiError(otherCtCurve);
}
