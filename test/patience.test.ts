import { describe, expect, it } from 'vitest';
import { otherThan } from './faults/every-job/all.ts';
import { patience } from './faults/profile.ts';

describe('a limit of the tests of faults', () => {
  it('is longer on a machine that others keep busy, but never without end', () => {
    expect([0, 0.5, 1, 2.5, 5, 6, 1_000].map((busy) => patience(100, busy))).toEqual([
      100, 100, 100, 250, 500, 500, 500,
    ]);
  });

  it('is no less and no more than that on this one', () => {
    expect(patience(100)).toBeGreaterThanOrEqual(100);
    expect(patience(100)).toBeLessThanOrEqual(500);
  });
});

describe('Jobs that all should have ended alike', () => {
  it('have not where none ran', () => {
    expect(otherThan(75, [])).toEqual(['no Job ran']);
  });
});
