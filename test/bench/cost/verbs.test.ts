import { describe, expect, it } from 'vitest';
import { counted, verbs } from './verbs.ts';

describe('requests by verb', () => {
  it('are counted, and told in their order', () => {
    const count = counted([
      { what: 'get Secret a/b', writes: false },
      { what: 'apply Secret a/b', writes: true },
      { what: 'get Secret a/c', writes: false },
      { what: 'get Secret a/b', writes: false },
    ]);
    expect(count).toEqual({ reads: 3, writes: 1, byVerb: { get: 3, apply: 1 }, objects: 2 });
    expect(verbs(count)).toBe('get 3, apply 1');
  });

  it('may be none', () => {
    expect(verbs(counted([]))).toBe('none');
  });
});
