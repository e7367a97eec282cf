import { JobError } from '@sigstand/job/errors';
import type { Ground } from './ground.ts';
import type { Stuck } from './next.ts';
import type { Report, Told, Work } from './work.ts';

/** The steps of a rotation, where what is seen says which is next. */
export interface Steps<Seen, Step extends string> {
  readonly see: () => Promise<Seen>;
  readonly next: (seen: Seen) => Step | Stuck;
  /** What a step makes of a stack, where all goes well: for the plan. */
  readonly expected: (seen: Seen, step: Step) => Seen;
  readonly told: (step: Step) => string;
  /** Does one step, which is one change, or can be done again. @throws {JobError} */
  readonly act: (step: Step, seen: Seen) => Promise<unknown>;
  /** Those that end it. */
  readonly last: readonly Step[];
  readonly stuck: (why: string) => JobError;
}

const most = 20;

/** What will be done of a rotation from what is seen `first`, and the doing. */
export function stepwise<Seen, Step extends string>(
  ground: Pick<Ground, 'now'>,
  first: Seen,
  steps: Steps<Seen, Step>,
): Pick<Work, 'plan' | 'run'> {
  return { plan: planFrom(first, steps), run: (report) => runAll(ground, steps, report) };
}

/** All steps from here to the end. */
function planFrom<Seen, Step extends string>(
  first: Seen,
  { next, expected, told, last }: Steps<Seen, Step>,
): Work['plan'] {
  const plan: (Told | Stuck)[] = [];
  for (let seen = first; plan.length < most; ) {
    const step = next(seen);
    plan.push(typeof step === 'string' ? { step, says: told(step) } : step);
    if (typeof step !== 'string' || last.includes(step)) break;
    seen = expected(seen, step);
  }
  return plan;
}

async function runAll<Seen, Step extends string>(
  { now }: Pick<Ground, 'now'>,
  { see, next, act, last, stuck }: Steps<Seen, Step>,
  report: Report,
): Promise<void> {
  let done: Step | undefined;
  for (;;) {
    const seen = await see();
    const step = next(seen);
    if (typeof step !== 'string') throw stuck(step.stuck);
    if (step === done) throw idle(step);
    const began = now().getTime();
    await act(step, seen);
    report(step, now().getTime() - began);
    if (last.includes(step)) return;
    done = step;
  }
}

/** The error where a step has had no effect. */
export function idle(step: string): JobError {
  return new JobError(
    'tryAgain',
    `the step ${step} was done, and what it should change is as before`,
    { hint: 'somebody else changes the same objects: see who, then run it again' },
  );
}
