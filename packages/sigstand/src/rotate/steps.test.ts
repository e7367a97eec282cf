import { JobError } from '@sigstand/job/errors';
import { expect, it } from 'vitest';
import { stepwise } from './steps.ts';

/** A rotation whose steps add one each, up to three; the one that is `idle` adds nothing. */
function counting(idle?: string) {
  let at = 0;
  const names = ['one', 'two', 'three'];
  const work = stepwise<number, string>({ now: () => new Date(0) }, at, {
    see: async () => at,
    next: (seen) => names[seen] ?? { stuck: 'it is done' },
    expected: (seen) => seen + 1,
    told: (step) => `does ${step}`,
    act: async (step) => {
      if (step !== idle) at += 1;
    },
    last: ['three'],
    stuck: (why) => new JobError('contradiction', why),
  });
  const done: string[] = [];
  return { plan: work.plan, run: () => work.run((step) => void done.push(step)), done };
}

it('are planned as they are done, to the last', async () => {
  const { plan, run, done } = counting();
  await run();
  expect(done).toEqual(['one', 'two', 'three']);
  expect(plan).toEqual(done.map((step) => ({ step, says: `does ${step}` })));
});

it('end where one has no effect', async () => {
  const { run, done } = counting('two');
  await expect(run()).rejects.toMatchObject({
    failure: 'tryAgain',
    message: 'the step two was done, and what it should change is as before',
  });
  expect(done).toEqual(['one', 'two']);
});

it('end where nothing can be done', async () => {
  const { run } = counting();
  await run();
  await expect(run()).rejects.toThrow('it is done');
});
