/*
 * The key that a service is about to sign with stands in the copy of its key under the same names with this before
 * them: clients are told of both, so that none refuses what the new one signs first.
 */

const before = 'next-';

/** The note on a copy that tells when its next key was made. */
export const nextCreatedNote = 'sigstand.dev/next-key-created';

/** The name under which a copy has a value of the key that comes next. */
export function nextKey(key: string): string {
  return `${before}${key}`;
}

/** The values of a record by the names that the present key has, and those of the key that comes next. */
export function splitNext<Value>(data: Readonly<Record<string, Value>>): {
  readonly present: Readonly<Record<string, Value>>;
  readonly next: Readonly<Record<string, Value>> | undefined;
} {
  const entries = Object.entries(data);
  const coming = entries
    .filter(([key]) => key.startsWith(before))
    .map(([key, value]) => [key.slice(before.length), value] as const);
  return {
    present: Object.fromEntries(entries.filter(([key]) => !key.startsWith(before))),
    next: coming.length > 0 ? Object.fromEntries(coming) : undefined,
  };
}
