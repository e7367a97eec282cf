import { randomInt } from 'node:crypto';

/** The same things in another order. */
export function shuffled<T>(all: readonly T[]): T[] {
  const left = [...all];
  return all.flatMap(() => left.splice(randomInt(left.length), 1));
}
