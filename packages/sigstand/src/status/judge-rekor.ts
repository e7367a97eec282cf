import { createPublicKey } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { verifyCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js';
import type { TLogAuthority } from '@sigstore/verify/dist/trust/trust.types.js';
import type { TreeHead } from '../merkle.ts';
import { judgeGrowth, type Proof } from './consistency.ts';
import { contradicts, type Finding, fail, failed, ok } from './finding.ts';
import { judgeKey } from './judge-key.ts';
import type { SeenHead } from './seen.ts';
import { valid } from './trust.ts';
import type { Heard } from './way.ts';

/** What Rekor says of its log (`/api/v1/log`), as far as it is read here. */
export interface LogInfo extends TreeTold {
  /** The trees before it, from oldest to newest. */
  readonly inactiveShards?: readonly TreeTold[] | null;
}

/** What one Rekor answered. */
export interface RekorAnswers {
  readonly url: string;
  readonly info: Heard;
  readonly key: Heard;
  readonly seen: SeenHead | undefined;
  /** How each of its trees grew since, by the tree's ID. */
  readonly proofs: Readonly<Record<string, Proof>>;
}

/** A tree of the log, and its head. */
export interface TreeTold {
  readonly treeID: string;
  readonly signedTreeHead: string;
}

/** The log as Rekor tells it. @throws {JobError} data */
export function readInfo(body: Buffer): LogInfo {
  try {
    const info = JSON.parse(body.toString()) as LogInfo;
    if (typeof info.treeID === 'string' && typeof info.signedTreeHead === 'string') return info;
  } catch {
    // The same.
  }
  throw new JobError('data', 'its answer is not what Rekor v1 says of its log', {
    hint: 'see what stands at this URL',
  });
}

/** All trees of the log: the one that is written to, and those before it. */
export function treesIn({ treeID, signedTreeHead, inactiveShards }: LogInfo): readonly TreeTold[] {
  return [{ treeID, signedTreeHead }, ...(inactiveShards ?? [])];
}

/** What was seen of one tree of a log. */
export function seenOf(seen: SeenHead | undefined, tree: string): SeenHead | undefined {
  return knownIn(seen).find((one) => one.tree === tree);
}

function knownIn(seen: SeenHead | undefined): readonly SeenHead[] {
  return seen ? [seen, ...(seen.before ?? [])] : [];
}

/** The size and root that a checkpoint tells, whoever signed it. @throws {JobError} data */
export function headIn(checkpoint: string): TreeHead {
  const [, size = '', root = ''] = checkpoint.split('\n');
  const hash = Buffer.from(root, 'base64');
  if (/^\d{1,15}$/.test(size) && hash.length === 32) return { size: Number(size), root: hash };
  throw new JobError('data', 'its tree head is no checkpoint', { hint: 'look at its log' });
}

/** Rekor's key, the signature of its checkpoint and its tree, against what clients trust and what was seen. */
export function judgeRekor(
  { url, info, key, seen, proofs }: RekorAnswers,
  { tlogs, now }: { tlogs: readonly TLogAuthority[]; now: Date },
): Finding[] {
  const told = (check: string) => ({ check, subject: url });
  if (info instanceof JobError) return [failed('address', url, info)];
  const answers = ok({ ...told('address'), says: 'it answers' });
  try {
    const log = readInfo(info);
    const trees = treesIn(log);
    return [
      answers,
      key instanceof JobError
        ? failed('rekor-key', url, key)
        : judgeKey(told('rekor-key'), createPublicKey(key), { logs: tlogs, now }),
      checkpoints(trees),
      growth(trees),
    ];
  } catch (error) {
    if (error instanceof JobError) return [answers, failed('rekor-tree', url, error)];
    const todo = 'see what stands at this URL';
    return [answers, fail('data', { ...told('rekor-key'), says: 'its key is none', todo })];
  }

  function checkpoints(trees: readonly TreeTold[]): Finding {
    const all = trees.map(({ signedTreeHead }) => checkpoint(signedTreeHead));
    return all.find(({ outcome }) => outcome !== 'ok') ?? (all[0] as Finding);
  }

  function checkpoint(envelope: string): Finding {
    const entry = { inclusionProof: { checkpoint: { envelope } } };
    try {
      const { origin } = verifyCheckpoint(entry as never, valid(tlogs, now));
      return ok({ ...told('rekor-checkpoint'), says: `signed as ${origin}` });
    } catch {
      const [origin = ''] = envelope.split('\n');
      return contradicts({
        ...told('rekor-checkpoint'),
        says: `no key that clients trust for this name has signed it: ${origin}`,
        todo: 'compare --rekor_server.hostname with Secret rekor-pub-key, and the key with the one that clients trust',
      });
    }
  }

  /** One line for all trees: the first that is in disorder, or the one that is written to. */
  function growth(trees: readonly TreeTold[]): Finding {
    const check = told('rekor-tree');
    const [active] = trees;
    const lost = knownIn(seen).find(({ tree }) => !trees.some(({ treeID }) => treeID === tree));
    if (lost) {
      return contradicts({
        ...check,
        says: `it writes to tree ${active?.treeID}, and ${lost.tree} was seen before, which it does not know any more`,
        todo: 'put back what ConfigMap rekor-config said when it was seen, and restart Rekor (docs/backup.md)',
      });
    }
    const all = trees.map(({ treeID, signedTreeHead }) =>
      judgeGrowth(
        { ...check, name: `tree ${treeID}` },
        {
          seen: seenOf(seen, treeID),
          now: headIn(signedTreeHead),
          proof: proofs[treeID] ?? [],
        },
      ),
    );
    const [first, ...others] = all as [Finding, ...Finding[]];
    const wrong = all.find(({ outcome }) => outcome !== 'ok');
    if (wrong || others.length === 0) return wrong ?? first;
    const count = others.length === 1 ? 'one frozen tree' : `${others.length} frozen trees`;
    return { ...first, says: `${first.says}; before it ${count}` };
  }
}
