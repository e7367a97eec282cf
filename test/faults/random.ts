import { randomInt } from 'node:crypto';

/** Numbers that a seed repeats; a failed trial prints its seed, and FAULTS_SEED gives it back. */
export interface Random {
  readonly seed: number;
  /** From 0 up to, but not, `below`. */
  below(below: number): number;
}

/** Mulberry32, which is plenty for when to kill what. */
export function randomFrom(
  seed = Number(process.env.FAULTS_SEED) || randomInt(1, 2 ** 31),
): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, below: (below) => Math.floor(next() * below) };
}
