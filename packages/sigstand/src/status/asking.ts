import { JobError } from '@sigstand/job/errors';
import type { Proof } from './consistency.ts';
import type { Finding } from './finding.ts';
import type { SeenHead } from './seen.ts';
import type { Trust } from './trust.ts';
import { type Asked, type Heard, heard, type Way } from './way.ts';

/** Whom the services are asked by, and what their answers are held against. */
export interface Asking {
  readonly way: Way;
  readonly trust: Trust;
  readonly now: () => Date;
  /** The heads of logs that were seen, by their URLs. */
  readonly seen: Readonly<Record<string, SeenHead>>;
  /** What the timestamp authority is asked to stamp: bytes that nobody has stamped before. */
  readonly nonce: Uint8Array;
  /** An issuer's discovery document, by its URL. */
  readonly discovery: (issuer: string) => Promise<Heard>;
}

/** What was found of one log, and its head, where that is in order. */
export interface Log {
  readonly findings: readonly Finding[];
  readonly head: Readonly<Record<string, SeenHead>>;
}

/** What is in disorder is not remembered: the next run is to compare with what was before. */
export function sound(findings: readonly Finding[]): boolean {
  return findings.every(({ outcome }) => outcome !== 'fail');
}

export async function proofBy(
  way: Way,
  asked: Asked,
  field: string,
  encoding: 'hex' | 'base64',
): Promise<Proof> {
  const body = await heard(way, asked);
  if (body instanceof JobError) return body;
  try {
    const hashes = (JSON.parse(body.toString())[field] ?? []) as string[];
    return hashes.map((hash) => Buffer.from(hash, encoding));
  } catch {
    return []; // which proves nothing
  }
}

/** What an answer says; undefined where it is none, or not what it should be, which a line of its own says. */
export function quietly<Given, T>(
  answer: Given | JobError,
  read: (answer: Given) => T,
): T | undefined {
  try {
    return answer instanceof JobError ? undefined : read(answer);
  } catch {
    return undefined;
  }
}
