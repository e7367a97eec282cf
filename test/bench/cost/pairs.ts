import type { Figure } from '../figure.ts';

/** What both sides came to, pair by pair. */
export interface Pairs<T> {
  readonly ours: readonly T[];
  readonly peer: readonly T[];
}

/** Runs both sides in turn, and the other one first in every second pair; `peer` may be missing. */
export async function inTurn<T>(
  pairs: number,
  ours: (pair: number) => Promise<T>,
  peer?: (pair: number) => Promise<T>,
): Promise<Pairs<T>> {
  const [mine, theirs]: [T[], T[]] = [[], []];
  for (let pair = 0; pair < pairs; pair += 1) {
    if (peer && pair % 2 === 1) theirs.push(await peer(pair));
    mine.push(await ours(pair));
    if (peer && pair % 2 === 0) theirs.push(await peer(pair));
  }
  return { ours: mine, peer: theirs };
}

/** A figure of one number of each run. */
export function figureOf<T>(
  { ours, peer }: Pairs<T>,
  number: (one: T) => number,
  about: Omit<Figure, 'ours' | 'peer'>,
): Figure {
  const theirs = peer.map(number);
  return { ...about, ours: ours.map(number), ...(theirs.length > 0 && { peer: theirs }) };
}
