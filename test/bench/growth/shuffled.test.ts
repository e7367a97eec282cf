import { expect, it } from 'vitest';
import { shuffled } from './shuffled.ts';

it('shuffles what there is, and leaves the list as it was', () => {
  const all = [1, 2, 3, 4, 5];
  expect(shuffled(all).sort()).toEqual(all);
  expect(all).toEqual([1, 2, 3, 4, 5]);
});
