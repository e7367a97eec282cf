import { converge } from '@sigstand/store/converge';
import { refuseOwnedLacking } from '@sigstand/store/owned';
import {
  type Annotations,
  type Change,
  type Data,
  type Ref,
  type Snapshot,
  type Store,
  show,
} from '@sigstand/store/store';
import { at, JobError } from './errors.ts';
import { frozen } from './immutable.ts';
import { contrasted } from './listed.ts';
import { refuseStrangers } from './strangers.ts';
import { refuseSecondKey, restoring, type Trusted } from './trusted.ts';

/** A private record and the public one that follows from it. */
export interface Pair {
  readonly secret: Ref;
  /** Where the private key goes from here, if this is not its place for good: there it is looked for first. */
  readonly home?: Ref;
  readonly published: Ref;
  /**
   * Whether the public record may be there before the private one, published from elsewhere. It must be
   * what follows from the private record that is made then; else it belongs to one that is lost.
   */
  readonly publishedFirst?: boolean;
  /** The keys of the public record that are ours; what others keep beside them is theirs. */
  readonly publishes: readonly string[];
  /** Further keys of it that are there before. */
  readonly known?: readonly string[];
  /** What to make where the private record has no key; undefined where it has one with all it needs. */
  readonly make: (current: Data | undefined) => Change | undefined | Promise<Change | undefined>;
  /**
   * The public record's data, from the private one as it is stored, and from what the public one holds
   * that no key tells; throws where that is not whole.
   */
  readonly derive: (secret: Data, seen: Seen) => Data;
  /** What a record that has a key, and is whole, lacks of what can be added to it at any time; told who manages it. */
  readonly complete?: (
    secret: Data,
    derived: Data,
    owner: string | undefined,
  ) => Change | undefined | Promise<Change | undefined>;
  /** The name by which a public value may be told and compared, such as a key's fingerprint. */
  readonly identify: (key: string, value: Uint8Array) => string;
  /** Where else clients' trust in the key can be seen, so that no second one is made. */
  readonly trusted?: Trusted | undefined;
  /** Whether the private record becomes immutable. */
  readonly immutable: boolean;
  /**
   * An annotation that tells when the key was made, for keys whose format has no date: the private
   * record gets it with the key, and the public one takes it over.
   */
  readonly dated?: { readonly note: string; readonly time: string } | undefined;
}

/** The public record as it was found. */
export interface Seen {
  readonly published: Data | undefined;
  /** Whether it has any of the keys that are ours. */
  readonly isPublished: boolean;
}

/** The private record as it is stored now, and what became of it. */
export interface Kept {
  readonly secret: Data;
  readonly annotations: Annotations;
  readonly outcome: 'created' | 'completed' | 'kept';
}

/**
 * Makes the private record once, completes it, and makes the public record from what is stored. All
 * that may be wrong is found before anything is written. A process that is killed between the two
 * leaves a state from which the next run goes on; two at once end with one pair.
 *
 * @throws {JobError} usage, where the two are the same record.
 * @throws {JobError} contradiction, where the public record belongs to another private one, or is
 *   there while the private one is gone, or clients trust a key that is gone.
 */
export async function keepPair(store: Store, pair: Pair): Promise<Kept> {
  refuseOneForBoth(pair);
  // Read first: the private record is written before the public one, so whoever finds the public one
  // here must find the private one after it.
  const before = await store.read(pair.published);
  refuseOwnedLacking(pair.published, before, pair.publishes);
  const published = before?.data;
  let step: Step = { outcome: 'kept' };
  const { data: secret, annotations } = await converge(store, pair.secret, async (current) => {
    step = await nextStep(pair, current, published);
    if (step.makesKey) await refuseSecondKey(store, { ...pair, seen: current }, pair.trusted);
    return frozen(current, step.change, pair);
  });
  // Opening a sealed key takes its time, so it is done again only where something was written.
  const { outcome } = step;
  const derived =
    (outcome === 'kept' && step.derived) || pair.derive(secret, seen(pair, published));
  if (lacking(pair, published, derived) !== undefined) {
    const date = dateIn(pair, annotations);
    await converge(store, pair.published, (current) => {
      const change = lacking(pair, current?.data, derived);
      return change && { ...change, ...date };
    });
  }
  return { secret, annotations, outcome };
}

/** @throws {JobError} usage, where the private and the public record are the same one. */
export function refuseOneForBoth({ secret, published }: Pick<Pair, 'secret' | 'published'>): void {
  if (show(secret) !== show(published)) return;
  throw new JobError('usage', `${show(secret)} cannot be both the private and the public record`, {
    hint: 'give the two flags two names',
  });
}

interface Step {
  readonly outcome: Kept['outcome'];
  readonly makesKey?: boolean;
  readonly change?: Change;
  /** What the public record should hold, by the private one as it was read. */
  readonly derived?: Data;
}

async function nextStep(
  pair: Pair,
  snapshot: Snapshot | undefined,
  published: Data | undefined,
): Promise<Step> {
  const current = snapshot?.data;
  const found = seen(pair, published);
  const expected = { wanted: pair.publishes, known: pair.known ?? [] };
  if (!found.isPublished) refuseStrangers(show(pair.published), published, expected);
  const made = await pair.make(current);
  if (made && found.isPublished) {
    if (!pair.publishedFirst) throw orphaned(pair);
    lacking(pair, published, pair.derive(made.data ?? {}, found));
  }
  if (made) {
    const makesKey = !pair.publishedFirst && Object.keys(made.data ?? {}).length > 0;
    return { outcome: 'created', makesKey, change: { ...made, ...dateNow(pair) } };
  }
  if (current === undefined) return { outcome: 'created' };
  const derived = pair.derive(current, found);
  lacking(pair, published, derived);
  const change = await pair.complete?.(current, derived, snapshot?.owner);
  return change ? { outcome: 'completed', change, derived } : { outcome: 'kept', derived };
}

function dateNow({ dated }: Pair): Pick<Change, 'annotations'> {
  return dated ? { annotations: { [dated.note]: dated.time } } : {};
}

/** The date of the key that is stored, which another process may have made. */
function dateIn({ dated }: Pair, annotations: Annotations): Pick<Change, 'annotations'> {
  const time = dated && annotations[dated.note];
  return dated && time ? { annotations: { [dated.note]: time } } : {};
}

/** What the public record lacks of what it should hold. */
function lacking(pair: Pair, current: Data | undefined, derived: Data): Change | undefined {
  const absent: Record<string, Uint8Array> = {};
  for (const [key, value] of Object.entries(derived)) {
    const there = current?.[key];
    if (there === undefined || there.length === 0) absent[key] = value;
    else compare(pair, key, { there, value });
  }
  return Object.keys(absent).length > 0 ? { data: absent } : undefined;
}

function compare(
  pair: Pair,
  key: string,
  { there, value }: { there: Uint8Array; value: Uint8Array },
) {
  const place = `${show(pair.published)} key ${key}`;
  const found = at(place, () => pair.identify(key, there));
  const wanted = pair.identify(key, value);
  if (found === wanted) return;
  const [its, ours] = contrasted(found.split(', '), wanted.split(', '));
  throw new JobError(
    'contradiction',
    `${place} is ${its}, but ${show(pair.secret)} gives ${ours}`,
    {
      hint:
        `nothing was changed; find out which of the two the service uses (docs/exit-status.md), ` +
        'and restore the other to match it',
    },
  );
}

function orphaned({ secret, home = secret, published }: Pair): JobError {
  return new JobError(
    'contradiction',
    `${show(published)} is there, but the private key it belongs to is not in ${show(home)}`,
    { hint: `nothing was changed; ${restoring(home)}` },
  );
}

function seen({ publishes }: Pair, published: Data | undefined): Seen {
  return { published, isPublished: publishes.some((key) => published?.[key]?.length) };
}
