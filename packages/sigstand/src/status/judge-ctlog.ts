import { type KeyObject, X509Certificate } from 'node:crypto';
import { isSignedBy, type SignedTreeHead } from '@sigstand/createctconfig/tree-head';
import { JobError } from '@sigstand/job/errors';
import type { TLogAuthority } from '@sigstore/verify/dist/trust/trust.types.js';
import type { TreeHead } from '../merkle.ts';
import { judgeGrowth, type Proof } from './consistency.ts';
import { contradicts, type Finding, failed, ok } from './finding.ts';
import type { SeenHead } from './seen.ts';
import { certificateName, keyName, short } from './trust.ts';
import type { Heard } from './way.ts';

/** What one CT log answered. */
export interface CtlogAnswers {
  readonly url: string;
  readonly sth: Heard;
  /** Of a log that takes entries. */
  readonly roots: Heard | undefined;
  readonly seen: SeenHead | undefined;
  readonly proof: Proof;
}

type CtTreeHead = SignedTreeHead & TreeHead;

/** @throws {JobError} data */
export function readSth(body: Buffer): CtTreeHead {
  try {
    const sth = JSON.parse(body.toString());
    const root = Buffer.from(sth.sha256_root_hash, 'base64');
    const signature = Buffer.from(sth.tree_head_signature, 'base64');
    const [size, timestamp] = [sth.tree_size, sth.timestamp];
    if (Number.isSafeInteger(size) && Number.isSafeInteger(timestamp) && root.length === 32) {
      return { size, timestamp, root, signature };
    }
  } catch {
    // The same.
  }
  throw new JobError('data', 'its answer is no tree head of RFC 6962', {
    hint: 'see what stands at this URL',
  });
}

/** The CT log's key, the roots that it accepts and its tree, against what clients trust of it and what was seen. */
export function judgeCtlog(
  { url, sth, roots, seen, proof }: CtlogAnswers,
  trusted: { ctlogs: readonly TLogAuthority[]; fulcio: readonly X509Certificate[] },
): Finding[] {
  if (sth instanceof JobError) return [failed('address', url, sth)];
  const answers = ok({ check: 'address', subject: url, says: 'it answers' });
  try {
    const head = readSth(sth);
    const tree = { check: 'ctlog-tree', subject: url, name: 'it' };
    return [
      answers,
      key(url, head, trusted.ctlogs),
      ...(roots ? [accepted(url, roots, trusted.fulcio)] : []),
      ofMove(judgeGrowth(tree, { seen, now: head, proof }), {
        head,
        seen,
        trusted: trusted.ctlogs,
      }),
    ];
  } catch (error) {
    if (error instanceof JobError) return [answers, failed('ctlog-key', url, error)];
    throw error;
  }
}

/** Between two steps of a move, the new log is where the old one was seen, and clients trust the keys of both there. */
function ofMove(
  growth: Finding,
  told: { head: CtTreeHead; seen: SeenHead | undefined; trusted: readonly TLogAuthority[] },
): Finding {
  if (growth.outcome !== 'fail' || growth.kind !== 'contradiction') return growth;
  const { head, seen, trusted } = told;
  const before = trusted.find(({ logID }) => logID.toString('hex') === seen?.key);
  if (before === undefined || isSignedBy(head, before.publicKey)) return growth;
  const move = 'if sigstand rotate ctlog --new-log is at work, look again when it is done; else ';
  return { ...growth, todo: `${move}${growth.todo ?? ''}` };
}

/** Which of some keys has signed a tree head (RFC 6962 §3.5): a CT log tells its key by nothing else. */
export function signerOf<Log extends { readonly publicKey: KeyObject }>(
  head: SignedTreeHead,
  logs: readonly Log[],
): Log | undefined {
  return logs.find(({ publicKey }) => isSignedBy(head, publicKey));
}

function key(url: string, head: SignedTreeHead, trusted: readonly TLogAuthority[]): Finding {
  const told = { check: 'ctlog-key', subject: url };
  const signer = signerOf(head, trusted);
  if (signer) {
    return ok({ ...told, says: `key ${short(keyName(signer.publicKey))}, which clients trust` });
  }
  const names = trusted.map(({ publicKey }) => short(keyName(publicKey)));
  return contradicts({
    ...told,
    says: `its tree head is not signed by what clients trust, ${names.join(', ') || 'none'}`,
    todo: 'restore the key that clients trust (docs/backup.md), or bring them the new one (docs/rotation.md)',
  });
}

function accepted(url: string, roots: Heard, fulcio: readonly X509Certificate[]): Finding {
  const told = { check: 'ctlog-roots', subject: url };
  if (roots instanceof JobError) return failed('ctlog-roots', url, roots);
  const known = acceptedIn(roots);
  const missing = fulcio.filter((one) => !known.includes(certificateName(one)));
  if (missing.length === 0) {
    return ok({ ...told, says: `it accepts ${known.length}, among them all of Fulcio's` });
  }
  return contradicts({
    ...told,
    says: `it does not accept Fulcio's root ${missing.map((one) => short(certificateName(one))).join(', ')}: nobody gets a certificate`,
    todo: 'run createctconfig again, which adds it to Secret ctlog-secrets, and restart the CT log (docs/rotation.md)',
  });
}

/** The roots that a CT log accepts, by their names. @throws {JobError} data */
export function acceptedIn(body: Buffer): string[] {
  try {
    const { certificates } = JSON.parse(body.toString()) as { certificates: string[] };
    return certificates.map((one) =>
      certificateName(new X509Certificate(Buffer.from(one, 'base64'))),
    );
  } catch {
    throw new JobError('data', 'its answer is no list of roots of RFC 6962', {
      hint: 'see what stands at this URL',
    });
  }
}
