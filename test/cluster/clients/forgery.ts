import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { tufKey } from '@sigstand/createtuf/metadata';
import { reference, signedBy } from '../../conformance/forgeries.ts';

/** A repository's files by their names, flat, as the ConfigMap has them. */
export type Files = Readonly<Record<string, Buffer>>;

export const roles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type Role = (typeof roles)[number];

/** Who signs for each role: the stack itself, or strangers. */
export type Hands = Readonly<Record<Role, KeyObject>>;

interface Meta {
  version: number;
  length: number;
  hashes: { sha256: string };
}

/** The signed part of any metadata, as far as forgeries change it. */
export interface Signed {
  version: number;
  expires: string;
  meta: Record<string, Meta>;
  targets: Record<string, Omit<Meta, 'version'>>;
  keys: Record<string, unknown>;
  roles: Record<Role, { keyids: string[] }>;
}

export function signedPart(files: Files, name: string): Signed {
  return JSON.parse(bytesOf(files, name).toString()).signed;
}

/** The newest file of a role, as who follows timestamp.json finds it. */
export function current(files: Files, role: Role): string {
  const versions = Object.keys(files)
    .filter((name) => name.endsWith(`.${role}.json`))
    .map((name) => Number.parseInt(name, 10));
  return role === 'timestamp' ? 'timestamp.json' : `${Math.max(...versions)}.${role}.json`;
}

export function bytesOf(files: Files, name: string): Buffer {
  const bytes = files[name];
  if (bytes === undefined) throw new Error(`the repository has no ${name}`);
  return bytes;
}

/** A key as metadata names it (TUF specification §4.2), and its id. */
export function described(key: KeyObject): readonly [string, object] {
  const named = tufKey(createPublicKey(key));
  return [named.keyID, named.toJSON()];
}

/** Keys that nobody has heard of. */
export function strangers(): Hands {
  const key = () => generateKeyPairSync('ed25519').privateKey;
  return { root: key(), targets: key(), snapshot: key(), timestamp: key() };
}

/**
 * The next version of a repository: a role's metadata, changed and signed, and below it all that
 * refers to it. Each new file has the version after the one that is there, and expires when its
 * predecessor does, unless the change says otherwise.
 */
export function next(
  files: Files,
  hands: Hands,
  changes: Partial<Record<Exclude<Role, 'root'>, (signed: Signed) => void>>,
): Files {
  const made: Record<string, Buffer> = {};
  const issue = (role: Exclude<Role, 'root'>, refer: (signed: Signed) => void) => {
    const signed = signedPart(files, current(files, role));
    signed.version += 1;
    refer(signed);
    changes[role]?.(signed);
    const bytes = Buffer.from(signedBy(signed, hands[role]));
    made[role === 'timestamp' ? 'timestamp.json' : `${signed.version}.${role}.json`] = bytes;
    return reference(signed.version, bytes);
  };
  const targets = changes.targets && issue('targets', () => {});
  const snapshot =
    (targets ?? changes.snapshot) &&
    issue('snapshot', ({ meta }) => {
      if (targets) meta['targets.json'] = targets;
    });
  issue('timestamp', ({ meta }) => {
    if (snapshot) meta['snapshot.json'] = snapshot;
  });
  return { ...files, ...made };
}
