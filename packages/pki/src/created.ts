import { PkiError } from './error.ts';
import { wholeSeconds } from './time.ts';
import { clockSkew } from './validity.ts';

/** The annotation of a record that tells when its key was made; X.509 has that for certificates only. */
export const createdNote = 'sigstand.dev/key-created';

/** The note for a key that is made now. */
export function dated(now: Date): { note: string; time: string } {
  return { note: createdNote, time: wholeSeconds(now) };
}

/**
 * From when on a key may have signed: a little before it was made, for those whose clock is behind.
 * Undefined where the record does not tell, or tells nothing.
 *
 * @throws {PkiError} Where the note is no time (RFC 3339, in UTC).
 */
export function createdAt(annotations: Readonly<Record<string, string>>): Date | undefined {
  const text = annotations[createdNote] ?? '';
  if (text === '') return undefined;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(time))
    throw new PkiError(`has an annotation ${createdNote} that is no UTC time`);
  return new Date(time - clockSkew);
}
