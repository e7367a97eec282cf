import { converge } from '@sigstand/store/converge';
import { type Change, type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { at, JobError } from './errors.ts';

/** A private record and the public one that follows from it. */
export interface Pair {
  readonly secret: Ref;
  readonly published: Ref;
  /** What to make where the private record has no such data; undefined where it has it all. */
  readonly make: (current: Data | undefined) => Change | undefined | Promise<Change | undefined>;
  /** The public record's data, from the private one as it is stored; throws where that is not whole. */
  readonly derive: (secret: Data) => Data;
  /** The name by which a public value may be told and compared, such as a key's fingerprint. */
  readonly identify: (key: string, value: Uint8Array) => string;
}

/**
 * Makes the private record once, and the public record from what is stored. A process that is killed
 * between the two leaves a state from which the next run goes on; two at once end with one pair.
 *
 * @throws {JobError} contradiction, where the public record belongs to another private one, or is
 *   there while the private one is gone: services may trust a key that is lost.
 */
export async function keepPair(
  store: Store,
  pair: Pair,
): Promise<{ secret: Data; created: boolean }> {
  // Read first: the private record is written before the public one, so whoever finds the public one
  // here must find the private one after it.
  const before = await store.read(pair.published);
  let created = false;
  const stored = await converge(store, pair.secret, async (current) => {
    const change = await pair.make(current?.data);
    created = change !== undefined;
    if (created && hasData(before?.data)) throw orphaned(pair);
    return change;
  });
  const derived = pair.derive(stored.data);
  if (before === undefined || lacking(pair, before.data, derived) !== undefined) {
    await converge(store, pair.published, (current) => lacking(pair, current?.data, derived));
  }
  return { secret: stored.data, created };
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
  throw new JobError(
    'contradiction',
    `${place} is ${found}, but ${show(pair.secret)} gives ${wanted}`,
    {
      hint: 'nothing was changed; find out which of the two the services use, and delete the other',
    },
  );
}

function orphaned({ secret, published }: Pair): JobError {
  return new JobError(
    'contradiction',
    `${show(published)} is there, but the private key it belongs to is not in ${show(secret)}`,
    { hint: 'restore the private Secret; or, to start over with a new key, delete the public one' },
  );
}

function hasData(data: Data | undefined): boolean {
  return Object.values(data ?? {}).some((value) => value.length > 0);
}
