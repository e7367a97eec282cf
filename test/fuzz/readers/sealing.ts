import { createCipheriv, createHash, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { pem, utf8 } from '@sigstand/pki/pem';
import { element, hex, integer, nothing, octets, oid, sequence } from './der-writer.ts';
import type { Encoding } from './keys.ts';

export const word = 'correct-horse-battery-staple';

/* Private keys under a password, in the ways that programs write and in some that none does. */

export type Seal = (key: Encoding) => Uint8Array;

const ciphers: Record<string, readonly [oid: string, key: number, iv: number]> = {
  'aes-128-cbc': ['2.16.840.1.101.3.4.1.2', 16, 16],
  'aes-192-cbc': ['2.16.840.1.101.3.4.1.22', 24, 16],
  'aes-256-cbc': ['2.16.840.1.101.3.4.1.42', 32, 16],
  'des-ede3-cbc': ['1.2.840.113549.3.7', 24, 8],
  'aria-256-cbc': ['1.2.410.200046.1.1.12', 32, 16],
  'camellia-256-cbc': ['1.2.392.200011.61.1.1.1.4', 32, 16],
};

const prfs: Record<string, string> = {
  sha1: '1.2.840.113549.2.7',
  sha224: '1.2.840.113549.2.8',
  sha256: '1.2.840.113549.2.9',
  sha384: '1.2.840.113549.2.10',
  sha512: '1.2.840.113549.2.11',
};

interface Pbes2 {
  readonly cipher: string;
  readonly digest: string;
  /** How PBKDF2's parameters end. */
  readonly prf?: Uint8Array[];
  readonly password?: string;
  readonly scrypt?: true;
  readonly scheme?: string;
}

const rounds = 10;

function pbes2({ cipher, digest, password = word, scheme, scrypt, ...rest }: Pbes2): Seal {
  return ({ der }) => {
    const [id = '', length = 0, size = 0] = ciphers[cipher] ?? [];
    const [salt, iv] = [randomBytes(16), randomBytes(size)];
    const key = scrypt
      ? scryptSync(password, salt, length, { N: 16, r: 8, p: 1 })
      : pbkdf2Sync(password, salt, rounds, length, digest);
    const sealing = createCipheriv(cipher, key, iv);
    const sealed = Buffer.concat([sealing.update(der), sealing.final()]);
    const prf = rest.prf ?? [sequence(oid(prfs[digest] ?? ''), nothing())];
    const derivation = scrypt
      ? sequence(
          oid('1.3.6.1.4.1.11591.4.11'),
          sequence(octets(salt), integer('10'), integer('08'), integer('01')),
        )
      : sequence(oid('1.2.840.113549.1.5.12'), sequence(octets(salt), integer('0a'), ...prf));
    const parameters = sequence(derivation, sequence(oid(id), octets(iv)));
    const algorithm = sequence(oid(scheme ?? '1.2.840.113549.1.5.13'), parameters);
    return pem('ENCRYPTED PRIVATE KEY', sequence(algorithm, octets(sealed)));
  };
}

interface Rfc1423 {
  readonly cipher: string;
  readonly name?: string;
  readonly password?: string;
  readonly head?: (info: string) => string;
}

function rfc1423({ cipher, name, password = word, head }: Rfc1423): Seal {
  return ({ label, der }) => {
    const [, length = 0, size = 0] = ciphers[cipher] ?? [];
    const iv = randomBytes(size);
    let key = Buffer.alloc(0);
    for (let digest = key; key.length < length; key = Buffer.concat([key, digest])) {
      const hash = createHash('md5').update(digest).update(password).update(iv.subarray(0, 8));
      digest = hash.digest();
    }
    const sealing = createCipheriv(cipher, key.subarray(0, length), iv);
    const sealed = Buffer.concat([sealing.update(der), sealing.final()]);
    const info = `${name ?? cipher.toUpperCase()},${iv.toString('hex').toUpperCase()}`;
    const headers = head?.(info) ?? `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${info}\n\n`;
    const text = Buffer.from(pem(label, sealed)).toString();
    return utf8(text.replace('-----\n', `-----\n${headers}`));
  };
}

const aes = 'aes-256-cbc';
const sha256 = oid(prfs.sha256 ?? '');

export const seals: Readonly<Record<string, Seal>> = {
  plain: ({ label, der }) => pem(label, der),
  'AES-128, SHA-256': pbes2({ cipher: 'aes-128-cbc', digest: 'sha256' }),
  'AES-192, SHA-256': pbes2({ cipher: 'aes-192-cbc', digest: 'sha256' }),
  'AES-256, SHA-256': pbes2({ cipher: aes, digest: 'sha256' }),
  '3DES, SHA-256': pbes2({ cipher: 'des-ede3-cbc', digest: 'sha256' }),
  'AES-256, SHA-1': pbes2({ cipher: aes, digest: 'sha1' }),
  'AES-256, SHA-1 that is not named': pbes2({ cipher: aes, digest: 'sha1', prf: [] }),
  'RFC 1423, AES-256': rfc1423({ cipher: aes }),
  'RFC 1423, AES-128': rfc1423({ cipher: 'aes-128-cbc' }),
  'RFC 1423, 3DES': rfc1423({ cipher: 'des-ede3-cbc' }),
};

export const oddSeals: Readonly<Record<string, Seal>> = {
  'AES-256, SHA-224': pbes2({ cipher: aes, digest: 'sha224' }),
  'AES-256, SHA-384': pbes2({ cipher: aes, digest: 'sha384' }),
  'AES-256, SHA-512': pbes2({ cipher: aes, digest: 'sha512' }),
  'AES-256, SHA-256 without NULL': pbes2({
    cipher: aes,
    digest: 'sha256',
    prf: [sequence(sha256)],
  }),
  'AES-256 with the length of its key': pbes2({
    cipher: aes,
    digest: 'sha256',
    prf: [integer('20'), sequence(sha256, nothing())],
  }),
  'something behind the digest': pbes2({
    cipher: aes,
    digest: 'sha256',
    prf: [sequence(sha256, nothing()), nothing()],
  }),
  ARIA: pbes2({ cipher: 'aria-256-cbc', digest: 'sha256' }),
  Camellia: pbes2({ cipher: 'camellia-256-cbc', digest: 'sha256' }),
  scrypt: pbes2({ cipher: aes, digest: 'sha256', scrypt: true }),
  'another scheme': pbes2({ cipher: aes, digest: 'sha256', scheme: '1.2.840.113549.1.5.3' }),
  'an empty password': pbes2({ cipher: aes, digest: 'sha256', password: '' }),
  'another password': pbes2({ cipher: aes, digest: 'sha256', password: 'another' }),
  'RFC 1423, Camellia': rfc1423({ cipher: 'camellia-256-cbc' }),
  'RFC 1423, small letters': rfc1423({ cipher: aes, name: 'aes-256-cbc' }),
  'RFC 1423, an empty password': rfc1423({ cipher: aes, password: '' }),
  'RFC 1423, no Proc-Type': rfc1423({ cipher: aes, head: (info) => `DEK-Info: ${info}\n\n` }),
  'RFC 1423, no DEK-Info': rfc1423({ cipher: aes, head: () => 'Proc-Type: 4,ENCRYPTED\n\n' }),
  'RFC 1423, a third header': rfc1423({
    cipher: aes,
    head: (info) => `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${info}\nX: y\n\n`,
  }),
  'RFC 1423, no blank line': rfc1423({
    cipher: aes,
    head: (info) => `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${info}\n`,
  }),
  'PKCS #8 under RFC 1423': ({ label: _, der }) =>
    rfc1423({ cipher: aes })({ label: 'PRIVATE KEY', der }),
  'an odd box': ({ der }) => pem('ENCRYPTED SIGSTORE PRIVATE KEY', der),
  'no box at all': () => pem('ENCRYPTED PRIVATE KEY', element(0x30, hex('020100'))),
};
