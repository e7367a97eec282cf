import { describe, expect, it } from 'vitest';
import type { Benchmark } from './benchmark.ts';
import { flags } from './flags.ts';

const one = (id: string, profiles: Benchmark['profiles']): Benchmark => ({
  ...{ ids: [id], title: id, ground: 'empty', profiles },
  run: async () => [],
});
const known = [one('B1', ['quick', 'full']), one('B3', ['full']), one('B16', [])];
const chosen = (...args: string[]) => flags(args, known).chosen.map(({ ids }) => ids[0]);

describe('the flags of npm run bench', () => {
  it('choose by the profile, or by name', () => {
    expect(chosen()).toEqual(['B1']);
    expect(chosen('--profile', 'full')).toEqual(['B1', 'B3']);
    expect(chosen('--only', 'B16,B1')).toEqual(['B1', 'B16']);
  });

  it('take a peer of each release', () => {
    expect(flags([], known).peers).toEqual([]);
    expect(flags(['--peer', 'a', '--peer', 'b'], known).peers).toEqual(['a', 'b']);
  });

  it.each([
    [['--profile', 'slow'], "--profile is quick or full, not 'slow'"],
    [['--only', 'B99'], '--only knows B1, B3, B16, not B99'],
    [['--rounds', '0'], "--rounds is a number from 1 on, not '0'"],
    [['--fast'], /--fast/],
  ])('refuse %j', (args, message) => {
    expect(() => flags(args, known)).toThrow(message);
  });
});
