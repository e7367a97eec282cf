import { JobError } from '@sigstand/job/errors';
import { extendsTree, type TreeHead } from '../merkle.ts';
import { contradicts, type Finding, failed, ok } from './finding.ts';
import { headOf, type SeenHead } from './seen.ts';

/** What a log says about how it grew since it was seen; none where its sizes need no proof. */
export type Proof = readonly Buffer[] | JobError;

/** Whether two sizes of a tree need a proof at all, and the log would give one. */
export function needsProof(seen: SeenHead | undefined, now: TreeHead): boolean {
  return seen !== undefined && seen.size > 0 && seen.size < now.size;
}

/** Whether a log is the one that was seen, with leaves added at its end. */
export function judgeGrowth(
  told: { check: string; subject: string; name: string },
  { seen, now, proof }: { seen: SeenHead | undefined; now: TreeHead; proof: Proof },
): Finding {
  const { check, subject, name } = told;
  if (seen === undefined) {
    return ok({ check, subject, says: `${name} has ${now.size} entries; it was not seen before` });
  }
  if (proof instanceof JobError) return failed(check, subject, proof);
  const todo =
    'this is a log that was rolled back or replaced: stop signing, and compare with a backup (docs/backup.md)';
  if (now.size < seen.size) {
    const says = `${name} has ${now.size} entries, and ${seen.size} were seen before`;
    return contradicts({ check, subject, says, todo });
  }
  if (extendsTree(headOf(seen), now, proof)) {
    const says = `${name} has ${now.size} entries, the ${seen.size} that were seen first`;
    return ok({ check, subject, says });
  }
  const says = `${name} has ${now.size} entries, and does not begin with the ${seen.size} that were seen`;
  return contradicts({ check, subject, says, todo });
}
