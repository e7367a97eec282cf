import { JobError } from '@sigstand/job/errors';
import type { Asking } from './asking.ts';
import { type Finding, failed } from './finding.ts';
import { gather } from './gather.ts';
import { judgeCertificates } from './judge-certificates.ts';
import { judgeTuf, untrusted } from './judge-tuf.ts';
import type { Seen } from './seen.ts';
import { readTrust, type Trust } from './trust.ts';
import { follow, type Repository } from './tuf-client.ts';

/** Where to look, and what is known. */
export interface View extends Pick<Asking, 'way' | 'now' | 'nonce' | 'discovery'> {
  readonly mirror: string;
  /** Where createtuf runs, for what to do. */
  readonly namespace: string;
  /** What ends within this time is warned of, in milliseconds. */
  readonly soon: number;
  readonly seen: Seen;
  /** The first root that clients hold; none takes the mirror's own. */
  readonly pinned?: Uint8Array | undefined;
  /** Signs and verifies, where somebody gave a token. */
  readonly sign?: ((trust: Trust) => Promise<Finding>) | undefined;
}

/** Looks at a stack as its clients do; resolves to what was found, and to what the next look should compare with. */
export async function look(view: View): Promise<{ findings: Finding[]; next: Seen }> {
  const { mirror, namespace, way, now, soon, seen, pinned, sign } = view;
  const repository = await follow(mirror, way, pinned);
  const tuf = { mirror, namespace, soon, seen, now: now(), pinned: pinned !== undefined };
  const findings: Finding[] = judgeTuf(repository, tuf);
  const trust = trustIn(repository, mirror, findings);
  let heads = {};
  if (trust !== undefined) {
    findings.push(...judgeCertificates(trust, { now: now(), soon }));
    const found = await gather({ ...view, trust, seen: seen.logs ?? {} });
    findings.push(...found.findings);
    heads = found.heads;
    if (sign) findings.push(await sign(trust));
  }
  return { findings, next: nextSeen(seen, repository, findings, { ...seen.logs, ...heads }) };
}

function trustIn(repository: Repository, mirror: string, findings: Finding[]): Trust | undefined {
  try {
    if (repository.documents) return readTrust(repository.documents);
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    findings.push(failed('trust-root', mirror, error));
  }
  findings.push(untrusted());
  return undefined;
}

/** What was in disorder is not forgotten for what is there now. */
function nextSeen(
  seen: Seen,
  { firstRoot, roles, stopped }: Repository,
  findings: readonly Finding[],
  logs: Seen['logs'],
): Seen {
  const tuf = findings.filter(({ check }) => check.startsWith('tuf-'));
  if (stopped !== undefined || tuf.some(({ kind }) => kind === 'contradiction')) {
    return { ...seen, logs };
  }
  const versions = Object.entries(roles).map(([name, role]) => [name, role.version]);
  return { firstRoot, roles: Object.fromEntries(versions), logs };
}
