import { createHash, createPublicKey, verify } from 'node:crypto';
import type { Data } from '@sigstand/store/store';
import { canonicalize } from '@tufjs/canonical-json';

/*
 * Metadata as the TUF specification has it (§4.3 to §4.6), read and verified with node:crypto alone: neither
 * by the library that createtuf writes with, nor by a client.
 */

export interface Signed {
  readonly _type: string;
  readonly spec_version: string;
  readonly version: number;
  readonly expires: string;
}

interface Key {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyval: { readonly public: string };
}

export interface Root extends Signed {
  readonly consistent_snapshot: boolean;
  readonly keys: Readonly<Record<string, Key>>;
  readonly roles: Readonly<Record<string, { keyids: readonly string[]; threshold: number }>>;
}

/** How one role's metadata refers to another's, or to a target. */
export interface Reference {
  readonly version?: number;
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
}

export interface Meta extends Signed {
  readonly meta: Readonly<Record<string, Reference>>;
}

export interface Targets extends Signed {
  readonly targets: Readonly<Record<string, Reference>>;
}

export interface Envelope<Body extends Signed = Signed> {
  readonly signed: Body;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** @throws {Error} Where there is no such file, or no JSON in it. */
export function envelope<Body extends Signed>(files: Data, name: string): Envelope<Body> {
  const bytes = files[name];
  if (bytes === undefined) throw new Error(`there is no ${name}`);
  return JSON.parse(Buffer.from(bytes).toString());
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The newest root: every version is there. */
export function newestRoot(files: Data): number {
  let version = 0;
  while (files[`${version + 1}.root.json`]) version += 1;
  return version;
}

/** The version of the newest snapshot. */
export function snapshotOf(files: Data): number {
  return envelope<Meta>(files, 'timestamp.json').signed.meta['snapshot.json']?.version ?? 0;
}

/** The version of the newest targets. */
export function targetsOf(files: Data): number {
  const { meta } = envelope<Meta>(files, `${snapshotOf(files)}.snapshot.json`).signed;
  return meta['targets.json']?.version ?? 0;
}

/** How many of the keys that a root trusts for a role signed this. */
export function signers({ keys, roles }: Root, role: string, { signed, signatures }: Envelope) {
  const { keyids = [] } = roles[role] ?? {};
  const message = Buffer.from(canonicalize(signed as Parameters<typeof canonicalize>[0]));
  const good = signatures.filter(
    ({ keyid, sig }) => keyids.includes(keyid) && isBy(keys[keyid], message, sig),
  );
  return new Set(good.map(({ keyid }) => keyid)).size;
}

function isBy(key: Key | undefined, message: Uint8Array, signature: string): boolean {
  if (key?.keytype !== 'ed25519' || key.scheme !== 'ed25519') return false;
  const x = Buffer.from(key.keyval.public, 'hex').toString('base64url');
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  return verify(null, message, publicKey, Buffer.from(signature, 'hex'));
}

/** The id that a key has to have. */
export function idOf(key: Key): string {
  return sha256(canonicalize(key as unknown as Parameters<typeof canonicalize>[0]));
}
