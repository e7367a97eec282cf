import { JobError } from '@sigstand/job/errors';
import { RFC3161Timestamp } from '@sigstore/core';
import type { CertificateAuthority } from '@sigstore/protobuf-specs';
import { verifyRFC3161Timestamp } from '@sigstore/verify/dist/timestamp/tsa.js';
import type { CertAuthority } from '@sigstore/verify/dist/trust/trust.types.js';
import { contradicts, type Finding, fail, failed, ok } from './finding.ts';
import { judgeChain } from './judge-fulcio.ts';
import { certificatesIn } from './trust.ts';
import type { Heard } from './way.ts';

/** What one timestamp authority answered. */
export interface TsaAnswers {
  readonly url: string;
  readonly chain: Heard;
  /** Its timestamp of `stamped`. */
  readonly timestamp: Heard;
  readonly stamped: Uint8Array;
  /** When it was asked and when it had answered, by our own clock. */
  readonly between: readonly [Date, Date];
}

const skew = 60_000; // milliseconds; a timestamp has whole seconds, and clocks are set by the network

/** The authority's chain and clock, and a timestamp of it, against what clients trust. */
export function judgeTsa(
  { url, chain, timestamp, stamped, between }: TsaAnswers,
  trusted: {
    authorities: readonly CertificateAuthority[];
    material: readonly CertAuthority[];
    now: Date;
  },
): Finding[] {
  if (chain instanceof JobError) return [failed('address', url, chain)];
  return [
    ok({ check: 'address', subject: url, says: 'it answers' }),
    chained({ check: 'tsa-chain', subject: url }, chain, trusted),
    ...(timestamp instanceof JobError
      ? [failed('tsa-timestamp', url, timestamp)]
      : stamp(url, { timestamp, stamped, between }, trusted.material)),
  ];
}

function chained(
  told: { check: string; subject: string },
  chain: Buffer,
  trusted: { authorities: readonly CertificateAuthority[]; now: Date },
): Finding {
  try {
    return judgeChain(told, certificatesIn(chain.toString()), trusted);
  } catch {
    const todo = 'see what stands at this URL';
    return fail('data', { ...told, says: 'its answer is no chain of certificates', todo });
  }
}

function stamp(
  url: string,
  {
    timestamp,
    stamped,
    between: [asked, answered],
  }: { timestamp: Buffer; stamped: Uint8Array; between: readonly [Date, Date] },
  material: readonly CertAuthority[],
): Finding[] {
  const told = { check: 'tsa-timestamp', subject: url };
  let time: Date;
  try {
    const read = RFC3161Timestamp.parse(Buffer.from(timestamp));
    time = read.signingTime;
    verifyRFC3161Timestamp(read, Buffer.from(stamped), [...material]);
  } catch {
    return [
      contradicts({
        ...told,
        says: 'clients do not verify its timestamp by the chain that they trust',
        todo: 'restore the chain that clients trust (docs/backup.md), or bring them the new one (docs/rotation.md)',
      }),
      ...clock(),
    ];
  }
  return [ok({ ...told, says: 'clients verify its timestamp' }), ...clock()];

  function clock(): Finding[] {
    if (time === undefined) return [];
    const late = Math.max(asked.getTime() - time.getTime(), time.getTime() - answered.getTime(), 0);
    const its = { check: 'tsa-clock', subject: url };
    const says = `its clock says ${time.toISOString()}`;
    if (late <= skew) return [ok({ ...its, says })];
    const off = `${says}, ${Math.round(late / 1_000)} s from the one here`;
    const todo = 'set both clocks by the network: what is stamped at a wrong time, clients refuse';
    return [fail('data', { ...its, says: off, todo })];
  }
}
