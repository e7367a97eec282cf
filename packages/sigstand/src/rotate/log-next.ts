import { type Shard, shardsText } from '@sigstand/contracts/shards';
import type { Stuck } from './next.ts';

/*
 * Which step comes next in moving Rekor's log to another tree. The log takes nothing between the end of the old tree and
 * the start of the new one: Rekor asks for the length of an old tree when it starts, and counts from there.
 */

/** Trees as the record names them, or Rekor: the one that is written to, and those before it. */
export interface Trees {
  readonly active: string;
  readonly shards: readonly Shard[];
}

/** A log as it is. */
export interface LogSeen {
  /** What is in the way of a move that begins. */
  readonly obstacle: string | undefined;
  readonly recorded: Trees;
  /** The tree that is recorded to come after the active one; the active one, where that has come. */
  readonly next: string | undefined;
  /** The tree that was frozen last. */
  readonly frozen: Shard | undefined;
  /** What Rekor says. */
  readonly live: Trees;
}

export type LogStep = 'make' | 'freeze' | 'switch' | 'restart' | 'finish';

/** What comes next. */
export function nextForLog({ obstacle, recorded, next, frozen, live }: LogSeen): LogStep | Stuck {
  const { active } = recorded;
  if (next === active) return isSame(live, recorded) ? 'finish' : 'restart';
  if (!isSame(live, recorded)) {
    return { stuck: `Rekor writes to ${told(live)}, and its record names ${told(recorded)}` };
  }
  if (next === undefined) return obstacle ? { stuck: obstacle } : 'make';
  return frozen?.tree === active ? 'switch' : 'freeze';
}

/** What a log is like after a step, for the plan. */
export function afterLogStep(seen: LogSeen, step: LogStep): LogSeen {
  const { recorded, next = 'new' } = seen;
  switch (step) {
    case 'make':
      return { ...seen, next };
    case 'freeze':
      return { ...seen, frozen: { tree: recorded.active, length: 0 } };
    case 'switch':
      return { ...seen, recorded: moved(seen) };
    case 'restart':
      return { ...seen, live: recorded };
    case 'finish':
      return { ...seen, next: undefined };
  }
}

/** The trees as they are recorded once the next one has taken the place of the active one. */
export function moved({ recorded, next, frozen }: LogSeen): Trees {
  return {
    active: next ?? 'new',
    shards: frozen ? [...recorded.shards, frozen] : recorded.shards,
  };
}

function isSame(one: Trees, other: Trees): boolean {
  return one.active === other.active && shardsText(one.shards) === shardsText(other.shards);
}

function told({ active, shards }: Trees): string {
  const before = shards.map(({ tree, length }) => `${tree} of ${length}`).join(', ');
  return before ? `tree ${active} after ${before}` : `tree ${active}`;
}
