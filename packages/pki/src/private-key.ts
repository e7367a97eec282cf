import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import {
  bitsOf,
  contentOf,
  type Element,
  integerOf,
  notDer,
  oidOf,
  only,
  tag,
  within,
} from './der.ts';
import { PkiError } from './error.ts';
import { algorithm, curves, otherKind } from './spki.ts';

/*
 * Read here and not by OpenSSL, which takes more than the servers do, and believes the public half that
 * stands in the file. Go computes it. What is returned is made anew: it has no form but the usual one.
 */

/** The labels of PEM that hold a private key in the open, and how each is read. */
export const plainLabels: Readonly<Record<string, (der: Uint8Array) => KeyObject>> = {
  'PRIVATE KEY': readPkcs8,
  'EC PRIVATE KEY': (der) => readSec1(der, undefined),
  'RSA PRIVATE KEY': readPkcs1,
};

/** PrivateKeyInfo (RFC 5958): a version, what kind it is, and the key. */
export function readPkcs8(der: Uint8Array): KeyObject {
  const [version, identifier, key] = within(only(der));
  if (![0n, 1n].includes(integerOf(version))) throw notDer();
  const inner = contentOf(key, tag.octets);
  const [id, ...parameters] = within(identifier);
  switch (oidOf(id)) {
    case algorithm.rsa:
      return readPkcs1(inner);
    case algorithm.ec:
      return readSec1(inner, parameters[0]);
    case algorithm.ed25519:
      if (parameters.length > 0) throw notDer();
      return ed25519(contentOf(only(inner), tag.octets));
    default:
      throw otherKind();
  }
}

function ed25519(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw notDer();
  // PrivateKeyInfo of version 0 as RFC 8410 §10.3 shows it.
  const info = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: info, format: 'der', type: 'pkcs8' });
}

/** ECPrivateKey (RFC 5915), with its curve from outside where it lies in PKCS #8. */
function readSec1(der: Uint8Array, outer: Element | undefined): KeyObject {
  const [version, scalar, ...rest] = within(only(der));
  if (integerOf(version) !== 1n) throw notDer();
  const optional = (wanted: number) => {
    const found = rest.find((one) => one.tag === wanted);
    return found && only(found.content);
  };
  const inner = optional(0xa0);
  if (outer && inner && Buffer.compare(outer.raw, inner.raw) !== 0) throw contradicting();
  const curve = curveOf(outer ?? inner);
  const { jwk, point } = ofScalar(curve, contentOf(scalar, tag.octets));
  const told = optional(0xa1);
  if (told) refuseOtherPoint(bitsOf(told).octets, point);
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

function curveOf(parameters: Element | undefined) {
  if (parameters?.tag === tag.sequence) {
    throw new PkiError('is an EC key with explicit curve parameters, which no server reads');
  }
  const known = curves[oidOf(parameters)];
  if (known === undefined) throw otherKind();
  return known;
}

const opensslName: Record<string, string> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
};

/** The key as JSON Web Key (RFC 7518 §6.2), and its public point, uncompressed. */
function ofScalar({ name, size }: { name: string; size: number }, scalar: Uint8Array) {
  const digits = Buffer.from(scalar)
    .toString('hex')
    .replace(/^(00)+/, '');
  if (digits.length > 2 * size) throw notDer();
  const d = Buffer.from(digits.padStart(2 * size, '0'), 'hex');
  const pair = createECDH(opensslName[name] ?? '');
  pair.setPrivateKey(d);
  const point = pair.getPublicKey();
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)];
  const text = (number: Buffer) => number.toString('base64url');
  return { point, jwk: { kty: 'EC', crv: name, d: text(d), x: text(x), y: text(y) } };
}

/** A point is the same one compressed, with the sign of y, and uncompressed. */
function refuseOtherPoint(told: Uint8Array, point: Buffer): void {
  const sign = 2 + ((point.at(-1) ?? 0) & 1);
  const compressed = Buffer.concat([Buffer.of(sign), point.subarray(1, (point.length + 1) / 2)]);
  if (![point, compressed].some((form) => form.equals(told))) throw contradicting();
}

function contradicting(): PkiError {
  return new PkiError('is an EC key whose parts do not belong together', 'contradiction');
}

/** RSAPrivateKey (RFC 8017 §A.1.2) of two primes. */
function readPkcs1(der: Uint8Array): KeyObject {
  const [version, n, e, d, p, q, dp, dq, qi, ...more] = within(only(der)).map(integerOf);
  const parts = { n, e, d, p, q, dp, dq, qi };
  if (version !== 0n || more.length > 0 || !isRsa(parts)) throw notDer();
  const jwk = Object.fromEntries(
    Object.entries(parts).map(([name, number]) => [name, base64url(number ?? 0n)]),
  );
  return createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
}

/** Whether the numbers belong together, which OpenSSL asks only when it signs. */
function isRsa(
  parts: Readonly<Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi', bigint | undefined>>,
) {
  const { n = 0n, e = 0n, d = 0n, p = 0n, q = 0n, dp = 0n, dq = 0n, qi = 0n } = parts;
  if ([n, e, d, p, q, dp, dq, qi].some((number) => number <= 1n)) return false;
  return (
    p * q === n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    qi < p &&
    (q * qi) % p === 1n
  );
}

function base64url(number: bigint): string {
  const digits = number.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString(
    'base64url',
  );
}
