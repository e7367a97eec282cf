import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  ctlogKey,
  ctlogSecrets,
  fulcioSecrets,
  mysqlCredentials,
  rekorMysqlCredentials,
  rekorSigningSecret,
  tsaCertChain,
  tufKeys,
} from '@sigstand/contracts/records';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';
import type { Secret } from './canary.ts';

/** The keys of the records that nobody but their own service may read. */
export const privateKeys: readonly (readonly [Ref, readonly string[]])[] = [
  [mysqlCredentials, ['password', 'root-password']],
  [rekorMysqlCredentials, ['password']],
  [rekorSigningSecret, ['signing-secret', 'signing-secret-password']],
  [fulcioSecrets, ['private', 'password']],
  [ctlogKey, ['private', 'password']],
  [ctlogSecrets, ['private', 'config']],
  [tsaCertChain, ['signing-secret', 'signing-secret-password']],
  [tufKeys, ['root', 'targets', 'snapshot', 'timestamp']],
];

/** Every secret of the stack in the store; `at` is where a record lies that is not in its usual place. */
export async function secretsIn(
  store: Store,
  at: (ref: Ref) => Ref = (ref) => ref,
): Promise<Secret[]> {
  const found: Secret[] = [];
  for (const [usual, keys] of privateKeys) {
    const ref = at(usual);
    const data = (await store.read(ref))?.data ?? {};
    found.push(...secretsOf(show(ref), data, keys));
  }
  return found;
}

/**
 * The secrets under these keys of a record: passwords, sealed keys as they are stored, and the keys
 * that are in them, opened with any of the passwords beside them, unless that is not wanted.
 */
export function secretsOf(
  place: string,
  data: Data,
  keys: readonly string[],
  { opened: wanted = true } = {},
): Secret[] {
  const values = keys.flatMap((key) => (data[key]?.length ? [{ key, value: data[key] }] : []));
  const passwords = values
    .filter(({ value }) => !isKey(value))
    .map(({ value }) => passwordIn(value));
  return values.flatMap(({ key, value }) => {
    const name = `${place} key ${key}`;
    if (!isKey(value)) return [{ name, bytes: passwordIn(value) }];
    const opened = wanted
      ? [undefined, ...passwords].map((password) => open(value, password)).find(Boolean)
      : undefined;
    return [...pemSecrets(name, value, opened), ...(opened ? keySecrets(name, opened) : [])];
  });
}

/** A private key in each of its DER forms; the scalar and the primes are parts of them. */
export function keySecrets(name: string, key: KeyObject): Secret[] {
  const types = ['pkcs8', ...(key.asymmetricKeyType === 'ec' ? ['sec1'] : [])] as const;
  const all = key.asymmetricKeyType === 'rsa' ? ([...types, 'pkcs1'] as const) : types;
  return all.map((type) => {
    const bytes = key.export({ type: type as 'pkcs8', format: 'der' });
    return { name: `${name} as ${type}`, bytes, mask: maskOf(bytes, numbersOf(key)) };
  });
}

/** What is between the lines of a PEM text, with its line breaks and without. */
export function pemSecrets(name: string, pem: Uint8Array, key?: KeyObject): Secret[] {
  const text = Buffer.from(pem).toString('latin1');
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\s*([\s\S]*?)-----END/g);
  return [...blocks].flatMap(([, label = '', inside = '']) => {
    const headless = inside.replace(/^([\w-]+: .*\r?\n)+\s*/, '');
    const sealed = headless !== inside;
    const der = Buffer.from(headless, 'base64');
    const mask = sealed
      ? new Uint8Array(der.length).fill(1)
      : label === 'ENCRYPTED PRIVATE KEY'
        ? lastPart(der)
        : maskOf(der, key ? numbersOf(key) : [der]);
    return [
      { name: `${name} as DER`, bytes: der, mask },
      { name: `${name} as PEM`, ...asText(headless, mask) },
    ];
  });
}

function isKey(value: Uint8Array): boolean {
  return Buffer.from(value).includes('PRIVATE KEY-----');
}

/** The value itself, or the password in a configuration of ct_server. */
function passwordIn(value: Uint8Array): Uint8Array {
  const text = Buffer.from(value).toString('latin1');
  const found = /\bpassword: *"([^"]+)"/.exec(text)?.[1];
  return found === undefined ? value : Buffer.from(found, 'latin1');
}

function open(pem: Uint8Array, password: Uint8Array | undefined): KeyObject | undefined {
  try {
    const passphrase = Buffer.from(password ?? new Uint8Array());
    return createPrivateKey({ key: Buffer.from(pem), passphrase });
  } catch {
    return undefined;
  }
}

/** The numbers of a private key that are not in its public half. */
function numbersOf(key: KeyObject): Buffer[] {
  const { d, p, q, dp, dq, qi } = key.export({ format: 'jwk' });
  return [d, p, q, dp, dq, qi].flatMap((one) => (one ? [Buffer.from(one, 'base64url')] : []));
}

function maskOf(bytes: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const mask = new Uint8Array(bytes.length);
  for (const part of parts) {
    const at = Buffer.from(bytes).indexOf(part);
    if (at === -1) throw new Error('a key does not hold its own numbers');
    mask.fill(1, at, at + part.length);
  }
  return mask;
}

/** EncryptedPrivateKeyInfo (RFC 5958 §3): what follows the algorithm is the sealed key. */
function lastPart(der: Uint8Array): Uint8Array {
  const outer = content(der, 0);
  const { end } = content(der, outer.start);
  const mask = new Uint8Array(der.length);
  return mask.fill(1, content(der, end).start);
}

/** Where the content of the DER element that begins at `at` starts and ends. */
function content(der: Uint8Array, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  const more = first < 0x80 ? 0 : first & 0x7f;
  const length = more === 0 ? first : Buffer.from(der).readUIntBE(at + 2, more);
  const start = at + 2 + more;
  return { start, end: start + length };
}

/** Base64 with its line breaks as bytes; a character is as secret as the bytes that it is of. */
function asText(base64: string, mask: Uint8Array): { bytes: Uint8Array; mask: Uint8Array } {
  let position = 0;
  const secret = [...base64].map((character) => {
    if (/\s|=/.test(character)) return 0;
    const at = (6 * position) >> 3;
    position += 1;
    return mask[at] ?? 0;
  });
  return { bytes: Buffer.from(base64, 'latin1'), mask: Uint8Array.from(secret) };
}
