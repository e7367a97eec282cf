import { JobError } from '@sigstand/job/errors';
import type { Report } from './bring-up.ts';
import type { Block } from './judge.ts';

const patience = 60_000; // milliseconds for what may pass

/**
 * How long a bring-up bears with what stands in its way.
 *
 * @returns What is given all that stands there now: it tells of each thing once, and throws for what does not pass.
 */
export function endurance({
  waiting,
}: Pick<Report, 'waiting'>): (blocks: readonly Block[]) => void {
  let since = new Map<string, number>();
  const told = new Set<string>();
  return (blocks) => {
    const now = Date.now();
    // What was gone meanwhile begins anew.
    since = new Map(blocks.map(keyOf).map((key) => [key, since.get(key) ?? now]));
    for (const block of blocks) {
      const key = keyOf(block);
      if (block.hopeless || now - (since.get(key) ?? now) > patience) throw blocked(block);
      if (!told.has(key)) waiting(block.title, block.says);
      told.add(key);
    }
  };
}

const keyOf = ({ title, reason }: Block) => `${title} ${reason}`;

/** The error that says what stands in the way. */
export function blocked({ title, says, kind, todo }: Block): JobError {
  return new JobError(kind, `${title}: ${says}`, { hint: todo });
}
