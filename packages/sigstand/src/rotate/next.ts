/*
 * Which step a rotation takes next, from what is seen in the cluster alone. So a run that was killed goes on where it
 * was, and two runs after each other make one rotation.
 */

/** What the record of a rotation under way says. Keys are told by the SHA-256 of their public halves. */
export interface Begun {
  readonly from: string;
  readonly to: string;
  /** When clients could first learn of the new key. */
  readonly announced?: Date | undefined;
  /** Whether the old private key is in this record, so that it can be put back. */
  readonly keeps: boolean;
  /** When the service was first seen to sign with the new key. */
  readonly restarted?: Date | undefined;
  /** The trees of a log that moves with its key. */
  readonly trees?: { readonly from: string; readonly to: string } | undefined;
}

/** A CT log that moves to another tree, or may: its old tree, and what is recorded. */
export interface Moving {
  /** What is in the way of a move that begins. */
  readonly obstacle?: string | undefined;
  /** The tree that is recorded to come after the present one. */
  readonly next: string | undefined;
  readonly frozen: boolean;
  /** Whether the log of before is served with the head that it has for good, without its private key. */
  readonly closed: boolean;
  /** Whether the record names the new tree, and the old one with its length. */
  readonly moved: boolean;
}

/** A stack as it is, as far as one key is concerned. */
export interface Observed {
  readonly begun: Begun | undefined;
  /** The key of the public record. */
  readonly present: string;
  /** Whether the private record is the public one, too. */
  readonly isOne: boolean;
  /** Whether the private record has the new key. */
  readonly switched: boolean;
  /** What createtuf tells clients of. */
  readonly copy: { readonly present: string; readonly next?: string | undefined };
  /** What is published: `ended` is trusted for what was signed before. */
  readonly trusted: Readonly<Record<string, 'open' | 'ended'>>;
  /** Whether the web servers hand out what is published. */
  readonly served: boolean;
  /** The key that the service signs with. */
  readonly live: string;
  /** Whether the CT log takes certificates of the new CA. */
  readonly accepted: boolean;
  /** Where the log itself moves. */
  readonly moving?: Moving | undefined;
}

/** What the operator asks for. */
export interface Wish {
  /** How long clients are given to learn of the new key; milliseconds. */
  readonly lead: number;
  /** How long what was begun with the old key may still be signed; milliseconds. */
  readonly linger: number;
  /** Go back to the old key, as long as nothing was signed with the new one. */
  readonly giveUp: boolean;
  /** The log goes on in another tree, with the new key. */
  readonly newLog?: boolean;
}

export const stepNames = [
  ...([
    'tree',
    'make',
    'announce',
    'publish',
    'serve',
    'accept',
    'lead',
    'keep',
    'switch',
    'name',
  ] as const),
  ...(['restart', 'linger', 'freeze', 'move', 'close', 'settle', 'retire'] as const),
  ...(['tell', 'finish'] as const),
  ...(['withdraw', 'unpublish', 'untell', 'forget'] as const),
] as const;

export type StepName = (typeof stepNames)[number];

/** One step; `until` is when a step that waits is over. */
export interface Step {
  readonly name: StepName;
  readonly until?: Date;
}

/** Why a rotation cannot go on as it is. */
export interface Stuck {
  readonly stuck: string;
}

/** The steps that end a rotation. */
export const last: readonly StepName[] = ['finish', 'forget'];

/** The next step of a rotation. */
export function next(seen: Observed, wish: Wish, now: Date): Step | Stuck {
  const { begun } = seen;
  if (begun === undefined)
    return wish.giveUp ? { stuck: 'no rotation of it is under way' } : begin(seen, wish);
  if (wish.newLog && !begun.trees) return keyAlone;
  if (seen.switched) return wish.giveUp ? switchedAlready : after(seen, begun, { wish, now });
  return wish.giveUp ? backwards(seen, begun) : before(seen, begun, { wish, now });
}

const switchedAlready: Stuck = {
  stuck: 'the service has the new key already: run it again without --give-up, to its end',
};

const keyAlone: Stuck = {
  stuck: 'a rotation of its key alone is under way: run it without --new-log, to its end',
};

/** Everything has to agree before anything is changed. */
function begin(
  { present, copy, trusted, served, live, moving }: Observed,
  { newLog }: Wish,
): Step | Stuck {
  if (copy.present !== present) {
    return {
      stuck: `clients are told of ${short(copy.present)}, and the service's record has ${short(present)}`,
    };
  }
  if (trusted[present] !== 'open') return { stuck: `${short(present)} is not what clients trust` };
  if (live !== present) {
    return { stuck: `the service signs with ${short(live)}, and its record has ${short(present)}` };
  }
  if (newLog && moving?.obstacle) return { stuck: moving.obstacle };
  if (!served) return { name: 'serve' };
  return { name: newLog && !moving?.next ? 'tree' : 'make' };
}

type Given = { readonly wish: Wish; readonly now: Date };

/** Clients learn of the new key; nothing signs with it yet. */
function before(seen: Observed, begun: Begun, { wish, now }: Given): Step | Stuck {
  const { copy, trusted, served, accepted } = seen;
  const { from, to, announced, keeps } = begun;
  if (copy.present !== from) {
    return { stuck: `clients are told of ${short(copy.present)}, which is not the key of before` };
  }
  // What the old key has signed must stay good: never without its entry.
  if (trusted[from] !== 'open') return { stuck: `${short(from)} is not what clients trust` };
  if (copy.next !== to) return { name: 'announce' };
  if (trusted[to] !== 'open') return { name: 'publish' };
  if (!served || announced === undefined) return { name: 'serve' };
  if (!accepted) return { name: 'accept' };
  const until = new Date(announced.getTime() + wish.lead);
  if (now < until) return { name: 'lead', until };
  return keeps ? { name: 'switch' } : { name: 'keep' };
}

/** The service signs with the new key; the old one gets its end. */
function after(seen: Observed, begun: Begun, { wish, now }: Given): Step | Stuck {
  const { present, copy, trusted, served, live, moving } = seen;
  const { from, to, restarted } = begun;
  if (trusted[to] !== 'open' || trusted[from] === undefined) {
    return { stuck: 'the repository does not have both keys: it was replaced since' };
  }
  if (present !== to) return { name: 'name' };
  if (restarted === undefined || live !== to) return { name: 'restart' };
  const until = new Date(restarted.getTime() + wish.linger);
  if (now < until) return { name: 'linger', until };
  const step = begun.trees && moving && stepOfMove(moving);
  if (step) return { name: step };
  if (copy.present !== to || copy.next !== undefined) return { name: 'settle' };
  if (trusted[from] !== 'ended') return { name: 'retire' };
  return served ? { name: 'finish' } : { name: 'tell' };
}

/** Nobody writes to the log of before any more: it is frozen, recorded, and served as it is for good. */
function stepOfMove({ frozen, closed, moved }: Moving): StepName | undefined {
  if (!moved) return frozen ? 'move' : 'freeze';
  return closed ? undefined : 'close';
}

/** Back to the old key, which alone has signed. */
function backwards({ copy, trusted, served }: Observed, { to }: Begun): Step {
  if (copy.next !== undefined) return { name: 'withdraw' };
  if (trusted[to] === 'open') return { name: 'unpublish' };
  return served ? { name: 'forget' } : { name: 'untell' };
}

/** A key's name that is short enough for a line, and long enough to be compared. */
export function short(name: string): string {
  return name ? `${name.slice(0, 12)}...` : 'none';
}
