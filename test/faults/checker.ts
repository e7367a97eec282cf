import { type Event, placeOf, type StoredObject } from './history.ts';
import { isOfTheLog, pairFaults } from './pairs.ts';

/** The value under each key, as base64. */
export function dataOf({ kind, data = {}, binaryData = {} }: StoredObject): Record<string, string> {
  const text = (value: string) =>
    kind === 'Secret' ? value : Buffer.from(value).toString('base64');
  const read = Object.entries(data).map(([key, value]) => [key, text(value)]);
  return { ...Object.fromEntries(read), ...binaryData };
}

/**
 * What is wrong with a trial's history: a key that changed after it was there, something of others that
 * went away, a pair that does not match. The CT log's key may go away where it is reserved, once it is in
 * the log's own Secret. Empty where all is as it must be. `before` is the state at the
 * trial's start.
 */
export function violations(
  before: ReadonlyMap<string, StoredObject>,
  events: readonly Event[],
): string[] {
  const found: string[] = [];
  const now = new Map(before);
  const released: StoredObject[] = [];
  for (const { type, object } of events) {
    const place = placeOf(object);
    const earlier = now.get(place);
    if (type === 'DELETED') found.push(`${place} was deleted`);
    if (earlier && isRelease(earlier, object)) released.push(earlier);
    else if (earlier) found.push(...lost(place, earlier, object));
    now.set(place, object);
  }
  const end = [...now.values()];
  const astray = released.filter((one) => !isOfTheLog(dataOf(one), end));
  return [
    ...found,
    ...astray.map((one) => `${placeOf(one)} was emptied, and its key is not the log’s`),
    ...pairFaults(end),
  ];
}

/** Whether a reserved key was let go, and nothing else happened. */
function isRelease(earlier: StoredObject, later: StoredObject): boolean {
  if (earlier.metadata.name !== 'ctlog-key') return false;
  const { private: sealed, password, ...others } = dataOf(earlier);
  if (!sealed || !password || 'private' in dataOf(later) || 'password' in dataOf(later))
    return false;
  return lost('', { ...earlier, data: others }, later).length === 0;
}

/** What an object had and has no more, or has otherwise. */
function lost(place: string, earlier: StoredObject, later: StoredObject): string[] {
  const parts: [string, Readonly<Record<string, string>>, Readonly<Record<string, string>>][] = [
    ['key', dataOf(earlier), dataOf(later)],
    ['label', earlier.metadata.labels ?? {}, later.metadata.labels ?? {}],
    ['annotation', earlier.metadata.annotations ?? {}, later.metadata.annotations ?? {}],
  ];
  return parts.flatMap(([what, was, is]) =>
    Object.entries(was)
      // An empty value is no value: a Job may fill it.
      .filter(([name, value]) => value !== '' && is[name] !== value)
      .map(([name]) => `${place} ${what} ${name} ${name in is ? 'changed' : 'went away'}`),
  );
}

/** An object's outline: what two clean runs have in common, whatever keys they made. */
export function outline(object: StoredObject): string {
  const { labels = {}, annotations = {} } = object.metadata;
  const keys = Object.keys(dataOf(object))
    // A target's file name begins with its hash.
    .map((key) => key.replace(/^[0-9a-f]{64}\./, '*.'))
    .sort();
  return `${placeOf(object)} ${keys} ${Object.entries(labels)} ${Object.keys(annotations)}`;
}

/** The outlines of all objects, in order. */
export function outlines(objects: Iterable<StoredObject>): string[] {
  return [...objects].map(outline).sort();
}
