import { JobError } from '@sigstand/job/errors';
import type { Report } from './bring-up.ts';
import type { Block } from './judge.ts';

type Refuse = (blocks: readonly Block[], now: number) => void;

/**
 * How long a bring-up bears with what stands in its way: as long as `usual`, in milliseconds, where a block says nothing else.
 *
 * @returns What is given all that stands there now, and the time: it tells of each thing once, and throws for what does not pass.
 */
export function endurance({ waiting }: Pick<Report, 'waiting'>, usual: number): Refuse {
  let since = new Map<string, number>();
  const told = new Set<string>();
  return (blocks, now) => {
    // What was gone meanwhile begins anew.
    since = new Map(blocks.map(keyOf).map((key) => [key, since.get(key) ?? now]));
    for (const block of blocks) {
      const key = keyOf(block);
      const { quiet = 0, patience = usual } = block;
      const borne = now - (since.get(key) ?? now);
      if (block.hopeless || borne > patience) throw blocked(block);
      if (borne < quiet || told.has(key)) continue;
      told.add(key);
      waiting(block.title, block.says);
    }
  };
}

const keyOf = ({ title, reason }: Block) => `${title} ${reason}`;

/** The error that says what stands in the way. */
export function blocked({ title, says, kind, todo }: Block): JobError {
  return new JobError(kind, `${title}: ${says}`, { hint: todo });
}
