import { isUtf8 } from 'node:buffer';
import { PkiError } from './error.ts';

/**
 * Refuses a password that no server can be told: they take it from their environment, where NUL ends a text, and what
 * starts containers passes on UTF-8 alone. All else is changed on the way, or the container does not start.
 *
 * @throws {PkiError} data
 */
export function refuseUntold(password: Uint8Array): void {
  if (!password.includes(0) && isUtf8(password)) return;
  throw new PkiError(
    'has a password that no environment variable holds: it is not UTF-8, or has a NUL',
    'data',
    'nothing was changed; seal the key again, with a password of letters and digits',
  );
}
