import 'reflect-metadata';
import { createPrivateKey, createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import {
  type CertificateRequest,
  type Certified,
  issueCertificate,
} from '@sigstand/pki/certificate';
import { systemEntropy } from '@sigstand/pki/entropy';
import { codeSigning, timeStamping } from '@sigstand/pki/extensions';
import { pem } from '@sigstand/pki/pem';
import { openssl } from '@sigstand/pki/testing';

/* Material of which everything is in order but one thing. */

export const now = new Date();
const hour = 3_600_000;
const year = 365 * 24 * hour;
export const inHours = (from: number, to: number) => ({
  notBefore: new Date(now.getTime() + from * hour),
  notAfter: new Date(now.getTime() + to * hour),
});

export function issue(name: string, request: Partial<CertificateRequest> = {}): Promise<Certified> {
  return issueCertificate({
    subject: [['CN', name]],
    privateKey: systemEntropy.privateKey('ecdsa-p256'),
    serialNumber: systemEntropy.serialNumber(),
    ...inHours(-1, (10 * year) / hour),
    ca: {},
    ...request,
  });
}

export const stamping = { purposes: [timeStamping], critical: true };
export const signing = { purposes: [codeSigning], critical: false };

/** Leaf first: a leaf for timestamps, so many intermediates, a root. */
export async function tsaChain(
  intermediates: number,
  {
    validity = {},
    leaf = {},
    middle = {},
    root = {},
  }: Partial<Record<'validity' | 'leaf' | 'middle' | 'root', Partial<CertificateRequest>>> = {},
): Promise<Certified[]> {
  const chain = [await issue('root', { ...validity, ...root })];
  for (let index = 0; index < intermediates; index += 1) {
    chain.unshift(
      await issue(`intermediate ${index}`, {
        extendedKeyUsage: { ...stamping, critical: false },
        ...validity,
        ...middle,
        issuer: chain[0]!,
      }),
    );
  }
  chain.unshift(
    await issue('leaf', {
      ca: false,
      extendedKeyUsage: stamping,
      ...validity,
      ...leaf,
      issuer: chain[0]!,
    }),
  );
  return chain;
}

export const text = (...all: readonly Certified[]) =>
  new Uint8Array(Buffer.concat(all.map(({ certificate }) => certificate)));

export const pkcs8 = (key: KeyObject) =>
  new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
export const plain = (key: KeyObject) => pem('PRIVATE KEY', pkcs8(key));

export const password = 'correct-horse-battery';

/** Under `password`, as openssl does it. */
export const sealed = (key: KeyObject, ...how: string[]) =>
  new Uint8Array(
    openssl(['pkcs8', '-topk8', '-passout', `pass:${password}`, ...how], Buffer.from(plain(key))),
  );

const generated = (...args: string[]) => createPrivateKey(openssl(['genpkey', ...args]));
const ec = (curve: string) =>
  generated('-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`);

/** Private keys that no server of Sigstore takes. */
export const oddKeys: Readonly<Record<string, () => KeyObject>> = {
  'RSA of 1024 bits': () => generated('-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'),
  'RSA with exponent 3': () =>
    generated(
      '-algorithm',
      'RSA',
      '-pkeyopt',
      'rsa_keygen_bits:2048',
      '-pkeyopt',
      'rsa_keygen_pubexp:3',
    ),
  'P-224': () => ec('P-224'),
  secp256k1: () => ec('secp256k1'),
  Ed448: () => generated('-algorithm', 'ED448'),
  X25519: () => generated('-algorithm', 'X25519'),
};

function rsaPublic(bits: number, last: number, e: number): KeyObject {
  const modulus = Buffer.alloc(bits / 8, 0xc5);
  modulus[modulus.length - 1] = last;
  const exponent = Buffer.from(e.toString(16).padStart(6, '0'), 'hex');
  return createPublicKey({
    key: { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') },
    format: 'jwk',
  });
}

const spki = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }));
const point = (change: (der: Uint8Array) => Uint8Array) => () =>
  change(spki(createPublicKey(ec('P-256'))));

/** SubjectPublicKeyInfo of keys that nobody should trust. */
export const oddPublicKeys: Readonly<Record<string, () => Uint8Array>> = {
  ...Object.fromEntries(
    Object.entries(oddKeys).map(([name, key]) => [name, () => spki(createPublicKey(key()))]),
  ),
  'RSA of 16384 bits': () => spki(rsaPublic(16_384, 0xc5, 65_537)),
  'RSA with exponent 1': () => spki(rsaPublic(2_048, 0xc5, 1)),
  'RSA with an even modulus': () => spki(rsaPublic(2_048, 0xc4, 65_537)),
  'a point that is not on its curve': point((der) =>
    der.map((octet, index) => (index === der.length - 1 ? octet ^ 1 : octet)),
  ),
  // BIT STRING 00 00 in place of the point's 66 octets (SEC 1 §2.3.3)
  'the point at infinity': point((der) =>
    Uint8Array.from([0x30, 0x19, ...der.slice(2, 23), 0x03, 0x02, 0x00, 0x00]),
  ),
};

/** A self-signed CA with an extension more, whatever that is. */
export async function caWith(
  oid: string,
  value: Uint8Array,
  usages = KeyUsageFlags.keyCertSign,
): Promise<Uint8Array> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '4711',
    name: 'CN=big',
    ...inHours(-1, 9_000),
    keys: keys as webcrypto.CryptoKeyPair,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(usages, true),
      new Extension(oid, false, value),
    ],
  });
  return pem('CERTIFICATE', new Uint8Array(certificate.rawData));
}

/** One element of DER, its length in as few octets as it needs. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const digits = content.length.toString(16);
  const size = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  const long = content.length < 0x80 ? [] : [0x80 + size.length];
  return Buffer.concat([Buffer.from([tag, ...long]), size, content]);
}
