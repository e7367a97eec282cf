import { describe, expect, it } from 'vitest';
import { changedIn, moreTargets } from './repositories.ts';

describe('more targets', () => {
  it('are as many and as large as asked for, and each another one', () => {
    const files = moreTargets(100, 880);
    expect(new Set(Object.values(files)).size).toBe(100);
    expect(Object.values(files).every((text) => text.length === 880)).toBe(true);
  });
});

describe('what a run changed', () => {
  it('is what came, what went, and what was written', () => {
    const before = { 'Secret a': '1', 'Secret b': '2', 'Secret c': '3' };
    expect(changedIn(before, before)).toBe(0);
    expect(changedIn(before, { 'Secret a': '1', 'Secret b': '4', 'Secret d': '5' })).toBe(3);
  });
});
