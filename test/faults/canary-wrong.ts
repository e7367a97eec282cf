import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { utf8 } from '@sigstand/pki/pem';
import { sealPkcs8 } from '@sigstand/pki/seal';
import type { Secret } from './canary.ts';
import { keySecrets, pemSecrets } from './canary-secrets.ts';

const strange = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pkcs8 = strange.export({ type: 'pkcs8', format: 'der' });
const plain = String(strange.export({ type: 'pkcs8', format: 'pem' }));
const relabelled = (label: string) => plain.replaceAll('PRIVATE KEY', label);
const sealed = Buffer.from(
  sealPkcs8(strange, 'another password than the one beside it'),
).toString();

const strangers = [
  ...keySecrets('the strange key', strange),
  ...pemSecrets('the strange key, sealed', utf8(sealed)),
];

export interface Wrong {
  readonly value: Uint8Array | undefined;
  readonly secrets: readonly Secret[];
}

/** Something secret that is nothing but that. */
function random(make: (bytes: Buffer) => string | Uint8Array, length = 100): () => Wrong {
  return () => {
    const made = make(randomBytes(length));
    const bytes = typeof made === 'string' ? utf8(made) : made;
    return { value: bytes, secrets: [{ name: 'it', bytes }] };
  };
}

const holding = (value: string | Uint8Array | undefined) => () => ({
  value: typeof value === 'string' ? utf8(value) : value,
  secrets: strangers,
});

/** Secrets that are wrong where they stand: whoever reads them must not repeat them. */
export const wrong: readonly (readonly [string, () => Wrong])[] = [
  ['random bytes', random((bytes) => new Uint8Array(bytes), 200)],
  ['random text', random((bytes) => bytes.toString('base64'))],
  ['a line of text', random((bytes) => `correct horse ${bytes.toString('hex')}\n`, 20)],
  ['a very long line', random((bytes) => bytes.toString('hex'), 10_000)],
  [
    'PEM with random bytes',
    () => {
      const bytes = randomBytes(96);
      const text = `-----BEGIN PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END PRIVATE KEY-----\n`;
      return { value: utf8(text), secrets: [{ name: 'it', bytes }] };
    },
  ],
  ['PEM with a broken body', holding(plain.replace(/\n(.{20})/, '\n$1*'))],
  ['PEM that ends too soon', holding(plain.slice(0, 120))],
  ['the key of another pair', holding(plain)],
  ['the sealed key of another pair', holding(sealed)],
  ['two keys', holding(plain + plain)],
  ['a key and more', holding(`${plain}trailing words that nobody asked for\n`)],
  ['a key labelled as a certificate', holding(relabelled('CERTIFICATE'))],
  ['a key labelled as a public key', holding(relabelled('PUBLIC KEY'))],
  ['a key labelled as something else', holding(relabelled('SECRET THING'))],
  ['a key in DER', holding(new Uint8Array(pkcs8))],
  ['a key in JSON', holding(JSON.stringify(strange.export({ format: 'jwk' })))],
  ['nothing', holding('')],
  ['no such key', holding(undefined)],
];
