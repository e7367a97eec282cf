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
export interface LogInfo {
  readonly treeID: string;
  readonly signedTreeHead: string;
  readonly inactiveShards?: readonly { readonly treeID: string; readonly signedTreeHead: string }[];
}

/** What one Rekor answered. */
export interface RekorAnswers {
  readonly url: string;
  readonly info: Heard;
  readonly key: Heard;
  readonly seen: SeenHead | undefined;
  readonly proof: Proof;
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

/** The tree that was seen, which may have become an inactive shard, else the one that is written to. */
export function treeFor({ treeID, signedTreeHead, inactiveShards }: LogInfo, seen?: SeenHead) {
  const old = inactiveShards?.find((shard) => shard.treeID === seen?.tree);
  return old ?? { treeID, signedTreeHead };
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
  { url, info, key, seen, proof }: RekorAnswers,
  { tlogs, now }: { tlogs: readonly TLogAuthority[]; now: Date },
): Finding[] {
  const told = (check: string) => ({ check, subject: url });
  if (info instanceof JobError) return [failed('address', url, info)];
  const answers = ok({ ...told('address'), says: 'it answers' });
  try {
    const log = readInfo(info);
    const tree = treeFor(log, seen);
    const head = headIn(tree.signedTreeHead);
    return [
      answers,
      key instanceof JobError
        ? failed('rekor-key', url, key)
        : judgeKey(told('rekor-key'), createPublicKey(key), { logs: tlogs, now }),
      checkpoint(log.signedTreeHead),
      growth(tree.treeID, head),
    ];
  } catch (error) {
    if (error instanceof JobError) return [answers, failed('rekor-tree', url, error)];
    const todo = 'see what stands at this URL';
    return [answers, fail('data', { ...told('rekor-key'), says: 'its key is none', todo })];
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

  function growth(tree: string, head: TreeHead): Finding {
    const check = told('rekor-tree');
    if (seen?.tree !== undefined && seen.tree !== tree) {
      return contradicts({
        ...check,
        says: `it writes to tree ${tree}, and ${seen.tree} was seen before, which it does not know any more`,
        todo: 'put the ID that was seen back into ConfigMap rekor-config, and restart Rekor (docs/backup.md)',
      });
    }
    return judgeGrowth({ ...check, name: `tree ${tree}` }, { seen, now: head, proof });
  }
}
