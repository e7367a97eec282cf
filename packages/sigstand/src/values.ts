import { InvalidArgumentError } from '@commander-js/extra-typings';

/** A word that is given to somebody else: not empty, and on one line. */
export function text(value: string): string {
  if (value.trim() === '' || /\p{Cc}/u.test(value)) {
    throw new InvalidArgumentError('Write printable characters.');
  }
  return value;
}
