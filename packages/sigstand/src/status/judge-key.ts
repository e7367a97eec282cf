import type { KeyObject } from 'node:crypto';
import type { TLogAuthority } from '@sigstore/verify/dist/trust/trust.types.js';
import { contradicts, type Finding, ok } from './finding.ts';
import { keyName, short, valid } from './trust.ts';

/** Whether clients trust the key of a log now. */
export function judgeKey(
  told: { check: string; subject: string },
  key: KeyObject,
  { logs, now }: { logs: readonly TLogAuthority[]; now: Date },
): Finding {
  const name = keyName(key);
  const same = logs.filter(({ publicKey }) => publicKey.equals(key));
  if (valid(same, now).length > 0) {
    return ok({ ...told, says: `key ${short(name)}, which clients trust` });
  }
  const [old] = same;
  const trusted = logs
    .filter(({ validFor }) => now < validFor.end)
    .map(({ publicKey }) => short(keyName(publicKey)));
  return contradicts({
    ...told,
    says: old
      ? `it signs with ${short(name)}, which clients trusted until ${old.validFor.end.toISOString()}`
      : `it signs with ${short(name)}, and clients trust ${trusted.join(', ') || 'none'}`,
    todo: 'restore the key that clients trust (docs/backup.md), or bring them the new one (docs/rotation.md)',
  });
}
