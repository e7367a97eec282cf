import { createHash, type KeyObject, sign } from 'node:crypto';
import { publicKeyOf, spki } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { wholeSeconds } from '@sigstand/pki/time';
import { canonicalize } from '@tufjs/canonical-json';
import { Key, MetaFile } from '@tufjs/models';

export const specVersion = '1.0.31';

/** A role's public key as metadata names it. */
export function tufKey(publicKey: KeyObject): Key {
  // Raw Ed25519 is the last 32 octets of its SubjectPublicKeyInfo (RFC 8410 §4).
  const raw = Buffer.from(spki(publicKey)).subarray(-32);
  const description = {
    keyType: 'ed25519',
    scheme: 'ed25519',
    keyVal: { public: raw.toString('hex') },
    // No longer in the specification; older go-tuf hashes it into the key's id.
    unrecognizedFields: { keyid_hash_algorithms: ['sha256', 'sha512'] },
  };
  const unnamed = new Key({ keyID: '', ...description });
  const keyID = sha256(Buffer.from(canonicalize(unnamed.toJSON())));
  return new Key({ keyID, ...description });
}

/** The id by which metadata knows a key. */
export function keyId(publicKey: KeyObject): string {
  return tufKey(publicKey).keyID;
}

/** The part of metadata that is signed. */
export type Signed = Readonly<Record<string, unknown>>;

/** A role's metadata, signed by each of the keys, as the bytes of its file. */
export function signedBytes(signed: Signed, privateKeys: readonly KeyObject[]): Uint8Array {
  const bytes = Buffer.from(canonicalize(signed));
  const signatures = privateKeys.map((privateKey) => ({
    keyid: keyId(publicKeyOf(privateKey)),
    sig: sign(null, bytes, privateKey).toString('hex'),
  }));
  return utf8(`${JSON.stringify({ signatures, signed }, null, 1)}\n`);
}

/** How one role's metadata refers to another's file. */
export function metaFile(version: number, bytes: Uint8Array): MetaFile {
  return new MetaFile({ version, length: bytes.length, hashes: { sha256: sha256(bytes) } });
}

/** A date as TUF writes it: whole seconds, in UTC (specification §4.2.1). */
export function tufDate(time: number): string {
  return wholeSeconds(new Date(time));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
