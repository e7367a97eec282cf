import type { Data } from '@sigstand/store/store';
import {
  type Envelope,
  envelope,
  type Reference,
  type Root,
  type Signed,
  sha256,
  signers,
} from './metadata.ts';

/** Rules by what they say, and whether they are kept. Sections are the TUF specification's, 1.0.34. */
export type Rules = Readonly<Record<string, boolean>>;

/** Those that are not kept, by the name of what breaks them. */
export function broken(name: string, rules: Rules): string[] {
  return Object.entries(rules).flatMap(([rule, kept]) => (kept ? [] : [`${name}: ${rule}`]));
}

/** What tuf-js and go-tuf read at most, in bytes. */
const most = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000 } as const;

/** A file of metadata, as its name and place say what it has to be. */
export interface File {
  readonly name: string;
  readonly role: keyof typeof most;
  /** The one in its name. */
  readonly version?: number;
}

/** What holds for every role's metadata. */
export function commonFaults(files: Data, { name, role, version }: File): string[] {
  const { signed, signatures } = envelope<Signed>(files, name);
  const keyids = signatures.map(({ keyid }) => keyid);
  return broken(name, {
    [`§4.2.1: is a ${role}`]: signed._type === role,
    '§4.3: has a version of the specification that clients know': /^1\.\d+\.\d+$/.test(
      signed.spec_version,
    ),
    '§4.3: has a version from 1': Number.isSafeInteger(signed.version) && signed.version >= 1,
    '§6.2.1: has the version of its name': version === undefined || signed.version === version,
    '§4.2.3: expires at a time in UTC, to the second': isTufDate(signed.expires),
    '§4.2.1: has no two signatures of one key': new Set(keyids).size === keyids.length,
    'is no longer than clients read': (files[name]?.length ?? 0) <= most[role],
  });
}

/**
 * Whether a role's metadata is signed by those whom the newest root trusts with it; one that stayed for clients in between,
 * by those of any root. What was signed before a key was replaced has its signature, too.
 */
export function signedFaults(
  roots: readonly Root[],
  { name, role, isNewest }: File & { isNewest: boolean },
  read: Envelope,
): string[] {
  const known = roots.flatMap((root) => root.roles[role]?.keyids ?? []);
  const trusting = isNewest ? roots.slice(-1) : roots;
  const whose = isNewest ? 'the newest root' : 'a root';
  return broken(name, {
    [`is signed by the keys that ${whose} has for ${role}`]: trusting.some((root) =>
      isSigned(root, role, read),
    ),
    'is signed by no other keys': read.signatures.every(({ keyid }) => known.includes(keyid)),
  });
}

export function isSigned(root: Root, role: string, read: Envelope): boolean {
  const { threshold = Number.POSITIVE_INFINITY } = root.roles[role] ?? {};
  return signers(root, role, read) >= threshold;
}

/** Whether what one file says of another is so. */
export function referenceFaults(
  files: Data,
  { name, to, reference }: { name: string; to: string; reference: Reference },
): string[] {
  const bytes = files[to];
  if (bytes === undefined) return broken(name, { [`§6.2: leads to ${to}, which is there`]: false });
  return broken(name, {
    [`has the length of ${to}`]: bytes.length === reference.length,
    [`has the hash of ${to}`]: sha256(bytes) === reference.hashes.sha256,
    // With several, the file would have to be there under each (§6.2.1).
    [`has one hash of ${to}`]: Object.keys(reference.hashes).join() === 'sha256',
  });
}

function isTufDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text.replace('Z', '.000Z');
}
