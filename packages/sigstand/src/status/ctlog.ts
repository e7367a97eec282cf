import type { X509Certificate } from 'node:crypto';
import { oldTreeIn } from '@sigstand/contracts/shards';
import { logIdOf } from '@sigstand/createtuf/log-id';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import { type Asking, type Log, proofBy, quietly, sound } from './asking.ts';
import { needsProof, type Proof } from './consistency.ts';
import { judgeCtlog, readSth, signerOf } from './judge-ctlog.ts';
import { type SeenHead, seenHead } from './seen.ts';
import { covers, keyName, valid } from './trust.ts';
import { heard } from './way.ts';

/** A CT log of the trust root. */
export interface CtlogTold {
  readonly url: string;
  /** The IDs of its keys, from oldest to newest. */
  readonly ids: readonly string[];
  /** Whether nobody writes to it any more: no key of it is trusted now, and its URL is that of such a log. */
  readonly isOld: boolean;
}

/**
 * The CT logs that clients are told of: one at each URL, with all keys that it had there. Where clients found the log that is
 * written to at other times, and are told another URL now, is none.
 */
export function ctlogsIn({ ctlogs }: TrustedRoot, now: Date): CtlogTold[] {
  const urls = [...new Set(ctlogs.map(({ baseUrl }) => baseUrl))];
  return urls.flatMap((url) => {
    const own = ctlogs.filter(({ baseUrl }) => baseUrl === url);
    const isOpen = own.some(({ publicKey }) => covers(publicKey?.validFor, now));
    if (!isOpen && oldTreeIn(url) === undefined) return [];
    const ids = own.map(logIdOf);
    return [{ url, ids, isOld: !isOpen }];
  });
}

/** Asks one CT log. */
export async function ctlog(
  { way, trust, now, seen: all }: Asking,
  { url, ids, isOld }: CtlogTold,
  fulcio: readonly X509Certificate[],
): Promise<Log> {
  const api = `${url.replace(/\/+$/, '')}/ct/v1`;
  const [sth, roots] = await Promise.all([
    heard(way, { url: `${api}/get-sth` }),
    isOld ? undefined : heard(way, { url: `${api}/get-roots` }),
  ]);
  const { ctlogs } = trust.material;
  const own = ctlogs.filter(({ logID }) => ids.includes(logID.toString('hex')));
  const trusted = isOld ? own : valid(ctlogs, now());
  const seen = seenOf(all, { url, ids }, trust.root);
  const head = quietly(sth, readSth);
  let proof: Proof = [];
  if (head && seen && needsProof(seen, head)) {
    const asked = { url: `${api}/get-sth-consistency?first=${seen.size}&second=${head.size}` };
    proof = await proofBy(way, asked, 'consistency', 'base64');
  }
  const findings = judgeCtlog({ url, sth, roots, seen, proof }, { ctlogs: trusted, fulcio });
  const signer = head && signerOf(head, trusted);
  const key = signer && keyName(signer.publicKey);
  const kept = head && seenHead(head, { key, tree: oldTreeIn(url) });
  return { findings, head: kept && sound(findings) ? { [url]: kept } : {} };
}

/** What was seen of a log: wherever it was then, where it was told by its key. */
function seenOf(
  all: Asking['seen'],
  { url, ids }: Pick<CtlogTold, 'url' | 'ids'>,
  { ctlogs }: TrustedRoot,
): SeenHead | undefined {
  const isOf = (key: string | undefined) => key !== undefined && ids.includes(key);
  const own = all[url];
  if (own === undefined) return Object.values(all).find(({ key }) => isOf(key));
  const known = ctlogs.map(logIdOf);
  const isElsewhere = own.key !== undefined && known.includes(own.key) && !isOf(own.key);
  return isElsewhere ? undefined : own;
}
