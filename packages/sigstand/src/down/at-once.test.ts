import { expect, it } from 'vitest';
import { atOnce } from './at-once.ts';

it('has the results in order, and never more than six at work', async () => {
  let now = 0;
  let highest = 0;
  const results = await atOnce([...Array(20).keys()], async (one) => {
    now += 1;
    highest = Math.max(highest, now);
    await new Promise((resolve) => setTimeout(resolve, (20 - one) % 5));
    now -= 1;
    return one * 2;
  });
  expect(results).toEqual([...Array(20).keys()].map((one) => one * 2));
  expect(highest).toBe(6);
});

it('begins no more after a failure, and tells of it when the others have ended', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (one: number) => {
    begun.push(one);
    await new Promise((resolve) => setTimeout(resolve, one));
    if (one === 0) throw new Error('refused');
    ended.push(one);
  };
  await expect(atOnce([...Array(20).keys()], work)).rejects.toThrow('refused');
  expect(begun).toHaveLength(6);
  expect(ended).toEqual([1, 2, 3, 4, 5]);
});
