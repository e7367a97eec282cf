import { describe, expect, it } from 'vitest';
import { contrasted, listed } from './listed.ts';

describe('a list in a message', () => {
  it('is whole where it is short, and ends with a count where it is not', () => {
    expect(listed(['a', 'b', 'c'])).toBe('a, b, c');
    expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
  });

  it('shows what makes the difference, however long the rest', () => {
    const same = Array.from({ length: 20 }, (_, index) => `same ${index}`);
    expect(contrasted([...same, 'ours'], [...same, 'theirs'])).toEqual(['ours', 'theirs']);
    expect(contrasted(['a', 'b'], ['a'])).toEqual(['b', 'a']);
  });
});
