import {
  last,
  type Moving,
  next,
  type Observed,
  type Step,
  type Stuck,
  stepNames,
  type Wish,
} from './next.ts';

/** What a step makes of a stack, where all goes well: for the plan. */
function expected(seen: Observed, { name }: Step, now: Date): Observed {
  const begun = seen.begun ?? { from: seen.present, to: 'new', keeps: false };
  const { from, to } = begun;
  const moving = (change: Partial<Moving>): Observed => ({
    ...seen,
    ...(seen.moving && { moving: { ...seen.moving, ...change } }),
  });
  switch (name) {
    case 'tree':
      return moving({ next: 'new' });
    case 'freeze':
      return moving({ frozen: true });
    case 'close':
      return moving({ closed: true });
    case 'move':
      return moving({ moved: true });
    case 'make':
      return { ...seen, begun: { ...begun, ...(seen.moving?.next && noTrees) } };
    case 'announce':
      return { ...seen, copy: { ...seen.copy, next: to } };
    case 'publish':
      return { ...seen, trusted: { ...seen.trusted, [to]: 'open' }, served: false };
    case 'serve':
      return { ...seen, served: true, ...(seen.begun && { begun: { ...begun, announced: now } }) };
    case 'accept':
      return { ...seen, accepted: true };
    case 'keep':
      return { ...seen, begun: { ...begun, keeps: true } };
    case 'switch':
      return { ...seen, switched: true, ...(seen.isOne && { present: to }) };
    case 'name':
      return { ...seen, present: to };
    case 'restart':
      return { ...seen, live: to, begun: { ...begun, restarted: now } };
    case 'settle':
      return { ...seen, copy: { present: to } };
    case 'withdraw':
      return { ...seen, copy: { present: from } };
    case 'retire':
      return { ...seen, trusted: { ...seen.trusted, [from]: 'ended' }, served: false };
    case 'unpublish':
      return { ...seen, trusted: { ...seen.trusted, [to]: 'ended' }, served: false };
    case 'tell':
    case 'untell':
      return { ...seen, served: true };
    case 'finish':
    case 'forget':
      return { ...seen, begun: undefined };
    default:
      return seen;
  }
}

/** Which trees these are is of no matter to a plan. */
const noTrees = { trees: { from: '', to: '' } };

/** All steps from here to the end. */
export function plan(seen: Observed, wish: Wish, now: Date): (Step | Stuck)[] {
  const steps: (Step | Stuck)[] = [];
  let [state, time] = [seen, now];
  while (steps.length < 2 * stepNames.length) {
    const step = next(state, wish, time);
    steps.push(step);
    if ('stuck' in step || last.includes(step.name)) break;
    time = step.until ?? time;
    state = expected(state, step, time);
  }
  return steps;
}
