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
}

/** What the operator asks for. */
export interface Wish {
  /** How long clients are given to learn of the new key; milliseconds. */
  readonly lead: number;
  /** How long what was begun with the old key may still be signed; milliseconds. */
  readonly linger: number;
  /** Go back to the old key, as long as nothing was signed with the new one. */
  readonly giveUp: boolean;
}

export const stepNames = [
  ...([
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
  ...(['restart', 'linger', 'settle', 'retire', 'tell', 'finish'] as const),
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
    return wish.giveUp ? { stuck: 'no rotation of it is under way' } : begin(seen);
  if (seen.switched) return wish.giveUp ? switchedAlready : after(seen, begun, { wish, now });
  return wish.giveUp ? backwards(seen, begun) : before(seen, begun, { wish, now });
}

const switchedAlready: Stuck = {
  stuck: 'the service has the new key already: run it again without --give-up, to its end',
};

/** Everything has to agree before anything is changed. */
function begin({ present, copy, trusted, served, live }: Observed): Step | Stuck {
  if (copy.present !== present) {
    return {
      stuck: `clients are told of ${short(copy.present)}, and the service's record has ${short(present)}`,
    };
  }
  if (trusted[present] !== 'open') return { stuck: `${short(present)} is not what clients trust` };
  if (live !== present) {
    return { stuck: `the service signs with ${short(live)}, and its record has ${short(present)}` };
  }
  return served ? { name: 'make' } : { name: 'serve' };
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
  const { present, copy, trusted, served, live } = seen;
  const { from, to, restarted } = begun;
  if (trusted[to] !== 'open' || trusted[from] === undefined) {
    return { stuck: 'the repository does not have both keys: it was replaced since' };
  }
  if (present !== to) return { name: 'name' };
  if (restarted === undefined || live !== to) return { name: 'restart' };
  const until = new Date(restarted.getTime() + wish.linger);
  if (now < until) return { name: 'linger', until };
  if (copy.present !== to || copy.next !== undefined) return { name: 'settle' };
  if (trusted[from] !== 'ended') return { name: 'retire' };
  return served ? { name: 'finish' } : { name: 'tell' };
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

/** What a step makes of a stack, where all goes well: for the plan. */
export function expected(seen: Observed, { name }: Step, now: Date): Observed {
  const begun = seen.begun ?? { from: seen.present, to: 'new', keeps: false };
  const { from, to } = begun;
  switch (name) {
    case 'make':
      return { ...seen, begun };
    case 'announce':
      return { ...seen, copy: { ...seen.copy, next: to } };
    case 'publish':
      return { ...seen, trusted: { ...seen.trusted, [to]: 'open' }, served: false };
    case 'serve':
      return { ...seen, served: true, ...(seen.begun && { begun: { ...begun, announced: now } }) };
    case 'accept':
      return { ...seen, accepted: true };
    case 'keep':
      return { ...seen, begun: { ...begun, keeps: true } };
    case 'switch':
      return { ...seen, switched: true, ...(seen.isOne && { present: to }) };
    case 'name':
      return { ...seen, present: to };
    case 'restart':
      return { ...seen, live: to, begun: { ...begun, restarted: now } };
    case 'settle':
      return { ...seen, copy: { present: to } };
    case 'withdraw':
      return { ...seen, copy: { present: from } };
    case 'retire':
      return { ...seen, trusted: { ...seen.trusted, [from]: 'ended' }, served: false };
    case 'unpublish':
      return { ...seen, trusted: { ...seen.trusted, [to]: 'ended' }, served: false };
    case 'tell':
    case 'untell':
      return { ...seen, served: true };
    case 'finish':
    case 'forget':
      return { ...seen, begun: undefined };
    default:
      return seen;
  }
}

/** All steps from here to the end. */
export function plan(seen: Observed, wish: Wish, now: Date): (Step | Stuck)[] {
  const steps: (Step | Stuck)[] = [];
  let [state, time] = [seen, now];
  while (steps.length < 2 * stepNames.length) {
    const step = next(state, wish, time);
    steps.push(step);
    if ('stuck' in step || last.includes(step.name)) break;
    time = step.until ?? time;
    state = expected(state, step, time);
  }
  return steps;
}
