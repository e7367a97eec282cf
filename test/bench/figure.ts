/** A limit that a figure is held against; `of` says which of its numbers. */
export interface Goal {
  /** The name that the goal goes by, such as P7. */
  readonly id: string;
  /** `ratio` is ours divided by the peer's, pair by pair, and then the median. */
  readonly of: 'median' | 'max' | 'ratio';
  readonly atMost: number;
}

/** One thing that was measured some times, of us and, in turn, of the peer. */
export interface Figure {
  /** The benchmark that it belongs to, such as B4. */
  readonly id: string;
  /** What was measured, with all that one must know to measure it again. */
  readonly title: string;
  /** Such as ms; empty for a count. */
  readonly unit: string;
  readonly ours: readonly number[];
  /** The n-th was measured right before or after the n-th of ours. */
  readonly peer?: readonly number[];
  /** What was known of it before: of the peer, of a floor that physics or the platform sets. */
  readonly anchor?: string;
  readonly goals?: readonly Goal[];
  /** What a reader must know to believe it, or why a goal is not reached. */
  readonly note?: string;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @throws {Error} Of no values at all: a figure without a measurement is none. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new Error('nothing was measured');
  const middle = Math.floor((sorted.length - 1) / 2);
  const median = ((sorted[middle] ?? min) + (sorted[sorted.length - 1 - middle] ?? min)) / 2;
  return { min, median, max };
}

/** Ours divided by the peer's, pair by pair; nothing and nothing are equal. */
export function ratios({ ours, peer = [] }: Figure): number[] {
  const pairs = ours.slice(0, peer.length);
  return pairs.map((value, index) =>
    value === peer[index] ? 1 : value / (peer[index] ?? Number.NaN),
  );
}

/** The number that a goal is about; undefined where the peer was not measured. */
export function held(figure: Figure, { of }: Goal): number | undefined {
  if (of !== 'ratio') return spread(figure.ours)[of];
  const all = ratios(figure);
  return all.length > 0 ? spread(all).median : undefined;
}

export type Verdict = 'reached' | 'missed' | 'not measured';

export function verdict(figure: Figure, goal: Goal): Verdict {
  const value = held(figure, goal);
  if (value === undefined) return 'not measured';
  return value <= goal.atMost ? 'reached' : 'missed';
}
