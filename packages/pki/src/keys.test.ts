import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemEntropy } from './entropy.ts';
import {
  fingerprint,
  parsePublicKey,
  publicKeyOf,
  publicPem,
  refuseMismatch,
  refuseNoCtKey,
  refuseWeak,
} from './keys.ts';
import { pem, utf8 } from './pem.ts';
import { openssl, opensslCertificate } from './testing.ts';

const generate = (algorithm: string, ...options: string[]) =>
  openssl([
    ...['genpkey', '-algorithm', algorithm],
    ...options.flatMap((option) => ['-pkeyopt', option]),
  ]);
const publicOf = (key: Buffer) => openssl(['pkey', '-pubout'], key);
const ec = generate('EC', 'ec_paramgen_curve:P-256');

describe('publicPem', () => {
  it.each(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519'] as const)(
    'writes a key of type %s byte for byte as openssl does',
    (type) => {
      const key = systemEntropy.privateKey(type);
      const theirs = publicOf(Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })));
      expect(Buffer.from(publicPem(publicKeyOf(key)))).toEqual(theirs);
    },
  );
});

describe('fingerprint', () => {
  it('is what openssl says of the public key', () => {
    const der = openssl(['pkey', '-pubout', '-outform', 'DER'], ec);
    const [theirs] = openssl(['dgst', '-sha256', '-r'], der).toString().split(' ');
    expect(fingerprint(createPublicKey(ec))).toBe(theirs);
  });
});

describe('parsePublicKey', () => {
  it.each([
    ['EC', publicOf(ec)],
    ['Ed25519', publicOf(generate('ED25519'))],
    ['RSA', publicOf(generate('RSA', 'rsa_keygen_bits:2048'))],
    ['EC with carriage returns', Buffer.from(publicOf(ec).toString().replaceAll('\n', '\r\n'))],
  ])("reads openssl's key: %s", (_what, text) => {
    expect(parsePublicKey(text).equals(createPublicKey(text))).toBe(true);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'is empty'],
    ['two keys', Buffer.concat([publicOf(ec), publicOf(ec)]), 'is not one PUBLIC KEY in PEM'],
    [
      'a certificate',
      opensslCertificate({ subject: '/CN=x', extensions: [] }).certificate,
      'is not one',
    ],
    ['a private key', ec, 'holds a private key, and this place is public'],
    [
      'a key with a private one behind it',
      Buffer.concat([publicOf(ec), ec]),
      'holds a private key',
    ],
    ['a point off the curve', offCurve(), 'is a PUBLIC KEY that cannot be read'],
    ['the point at infinity', infinity(), 'has a public key that cannot be read'],
    ['a compressed point', inForm('-conv_form', 'compressed'), 'a compressed point'],
    ['explicit parameters', inForm('-param_enc', 'explicit'), 'explicit curve parameters'],
    ['a private key in its block', keyBehind(), 'is a PUBLIC KEY with something behind it'],
    ['a private key that breaks off', ec.subarray(0, 100), 'holds a private key'],
    ['RSA with an even modulus', rsa(2_048, 0xc4), 'is a key of a kind or length'],
    ['RSA of 16384 bits', rsa(16_384, 0xc5), 'is a key of a kind or length'],
  ])('refuses %s without quoting it', (_what, bytes, message) => {
    expect(() => parsePublicKey(bytes)).toThrow(message);
    expect(() => parsePublicKey(bytes)).not.toThrow(/M[A-Z]{3}/);
  });
});

describe('refuseWeak', () => {
  it.each([
    ['P-256', ec],
    ['P-384', generate('EC', 'ec_paramgen_curve:P-384')],
    ['P-521', generate('EC', 'ec_paramgen_curve:P-521')],
    ['Ed25519', generate('ED25519')],
    ['RSA of 3072 bits', generate('RSA', 'rsa_keygen_bits:3072')],
  ])('takes %s', (_what, key) => {
    expect(() => refuseWeak(createPublicKey(key))).not.toThrow();
  });

  it.each([
    ['P-224', generate('EC', 'ec_paramgen_curve:P-224')],
    ['secp256k1', generate('EC', 'ec_paramgen_curve:secp256k1')],
    ['Ed448', generate('ED448')],
    ['RSA of 1024 bits', generate('RSA', 'rsa_keygen_bits:1024')],
    ['RSA with exponent 3', generate('RSA', 'rsa_keygen_bits:2048', 'rsa_keygen_pubexp:3')],
  ])('refuses %s', (_what, key) => {
    expect(() => refuseWeak(createPublicKey(key))).toThrow('of a kind or length');
  });
});

describe('a key for a CT log', () => {
  const key = (pem: Buffer) => createPublicKey(pem);

  it('is not Ed25519, with which no log signs', () => {
    expect(() => refuseNoCtKey(key(generate('ED25519')))).toThrow(
      'is an Ed25519 key; a CT log signs with ECDSA or RSA',
    );
    expect(() => refuseNoCtKey(key(ec))).not.toThrow();
  });
});

describe('refuseMismatch', () => {
  it('names both keys by fingerprint', () => {
    const { certificate, key } = opensslCertificate({ subject: '/CN=x', extensions: [] });
    const parsed = new X509Certificate(certificate);
    expect(() => refuseMismatch(parsed, createPrivateKey(key))).not.toThrow();
    const other = createPrivateKey(ec);
    const [theirs, ours] = [key, ec].map((text) => fingerprint(createPublicKey(text)));
    expect(() => refuseMismatch(parsed, other)).toThrow(
      `is for the key ${theirs}, but the private key is ${ours}`,
    );
  });
});

describe('systemEntropy', () => {
  it.each([
    ['ecdsa-p256', 'prime256v1'],
    ['ecdsa-p384', 'secp384r1'],
    ['ecdsa-p521', 'secp521r1'],
  ] as const)('makes %s keys on the curve %s', (type, namedCurve) => {
    expect(systemEntropy.privateKey(type).asymmetricKeyDetails).toMatchObject({ namedCurve });
  });

  it('makes serial numbers that are positive, of 16 octets, and not twice the same', () => {
    const serials = Array.from({ length: 1_000 }, () => systemEntropy.serialNumber());
    expect(serials.every((serial) => /^[4-7][0-9a-f]{31}$/.test(serial))).toBe(true);
    expect(new Set(serials).size).toBe(serials.length);
  });

  it('makes passwords that need no quoting anywhere, and not twice the same', () => {
    const passwords = Array.from({ length: 100 }, () => systemEntropy.password());
    expect(passwords.every((password) => /^[A-Za-z0-9_-]{43}$/.test(password))).toBe(true);
    expect(new Set(passwords).size).toBe(passwords.length);
  });
});

/** A public key whose last octet is another one. */
function offCurve(): Uint8Array {
  const der = openssl(['pkey', '-pubout', '-outform', 'DER'], ec);
  der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
  return utf8(`-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`);
}

function inForm(...form: string[]): Uint8Array {
  return openssl(['ec', '-pubout', ...form], ec);
}

function publicDer(): Buffer {
  return openssl(['pkey', '-pubout', '-outform', 'DER'], ec);
}

/** The point without coordinates (SEC 1 §2.3.3), which OpenSSL reads and cannot write. */
function infinity(): Uint8Array {
  const algorithm = publicDer().subarray(2, 23);
  return pem('PUBLIC KEY', Buffer.from([0x30, 0x19, ...algorithm, 0x03, 0x02, 0x00, 0x00]));
}

/** What Node reads as the public key alone. */
function keyBehind(): Uint8Array {
  const hidden = openssl(['pkey', '-outform', 'DER'], ec);
  return pem('PUBLIC KEY', Buffer.concat([publicDer(), hidden]));
}

function rsa(bits: number, last: number): Uint8Array {
  const modulus = Buffer.alloc(bits / 8, 0xc5);
  modulus.writeUInt8(last, modulus.length - 1);
  const key = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
  return utf8(
    createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString(),
  );
}
