import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Begun,
  last,
  type Moving,
  next,
  type Observed,
  type Step,
  stepNames,
  type Wish,
} from './next.ts';
import { plan } from './plan.ts';

/* A stack as a model, in which a step is one write, or several with a death between them. */

interface Entry {
  readonly [key: string]: 'open' | 'ended';
}

/** What clients see, and what signs; the rest follows from the steps. */
interface World {
  begun: Begun | undefined;
  secret: string;
  published: string;
  copy: { present: string; next?: string | undefined };
  stored: Entry;
  served: Entry;
  live: string;
  accepts: string[];
  /** Each key that has ever signed. */
  signed: Set<string>;
  now: number;
  /** Of a log that moves: where it is written to, by its record, its configuration and its server. */
  trees?: Trees;
}

interface Trees {
  active: string;
  next?: string | undefined;
  configured: string;
  live: string;
  frozen: string[];
  /** Those that are served as they are for good, as configured and as the server has it. */
  ended: string[];
  noted: boolean;
}

const fresh = (): World => {
  const stored: Entry = { old: 'open' };
  return {
    begun: undefined,
    ...{ secret: 'old', published: 'old', copy: { present: 'old' }, stored, served: stored },
    ...{ live: 'old', accepts: ['old'], signed: new Set(['old']), now: 0 },
  };
};

const movable = (): World => ({
  ...fresh(),
  trees: { active: '1', configured: '1', live: '1', frozen: [], ended: [], noted: false },
});

function movingOf({ trees, begun }: World): Moving | undefined {
  if (!trees) return undefined;
  const { from = trees.active, to } = begun?.trees ?? {};
  const { active, next: coming, frozen, ended, noted } = trees;
  return {
    ...{ next: coming, frozen: frozen.includes(from), moved: active === to },
    closed: ended.includes(from) && noted,
  };
}

const observed = (world: World): Observed => ({
  moving: movingOf(world),
  begun: world.begun,
  present: world.published,
  isOne: false,
  switched: world.begun !== undefined && world.secret === world.begun.to,
  copy: world.copy,
  trusted: world.stored,
  served: world.served === world.stored,
  live: world.live,
  accepted: world.begun !== undefined && world.accepts.includes(world.begun.to),
});

/** The writes of a step, one after the other; a process may die before any of them. */
function writes(world: World, { name, until }: Step, made: string): (() => void)[] {
  const begun = () => world.begun as Begun;
  const publish = () => {
    const { present, next: coming } = world.copy;
    const wanted = [present, ...(coming ? [coming] : [])];
    const keys = [...new Set([...Object.keys(world.stored), ...wanted])];
    world.stored = Object.fromEntries(
      keys.map((key) => [key, wanted.includes(key) ? 'open' : 'ended']),
    );
  };
  const serve = () => {
    world.served = world.stored;
  };
  const start = () => {
    world.live = world.secret;
    world.signed.add(world.live);
    if (world.trees) world.trees.live = world.trees.configured;
  };
  const trees = world.trees as Trees;
  const { from: before = '', to: after = '' } = world.begun?.trees ?? {};
  const steps: Record<Step['name'], (() => void)[]> = {
    tree: [() => (trees.next = '2')],
    freeze: [() => trees.frozen.push(before)],
    close: [() => trees.ended.push(before), start, () => (trees.noted = true)],
    move: [() => Object.assign(trees, { active: after, next: undefined })],
    make: [
      () => {
        const coming = trees?.next ? { trees: { from: trees.active, to: trees.next } } : {};
        world.begun = { from: world.published, to: made, keeps: false, ...coming };
      },
    ],
    announce: [() => (world.copy = { ...world.copy, next: begun().to })],
    publish: [publish],
    serve: [serve, () => (world.begun &&= { ...world.begun, announced: new Date(world.now) })],
    accept: [() => world.accepts.push(begun().to)],
    lead: [() => (world.now = until?.getTime() ?? world.now)],
    keep: [() => (world.begun = { ...begun(), keeps: true })],
    switch: [
      () => {
        world.secret = begun().to;
        if (begun().trees) trees.configured = after;
      },
    ],
    name: [() => (world.published = begun().to)],
    restart: [start, () => (world.begun = { ...begun(), restarted: new Date(world.now) })],
    linger: [() => (world.now = until?.getTime() ?? world.now)],
    settle: [() => (world.copy = { present: begun().to })],
    retire: [publish],
    tell: [serve],
    finish: [() => (world.begun = undefined)],
    withdraw: [() => (world.copy = { present: world.copy.present })],
    unpublish: [publish],
    untell: [serve],
    forget: [() => (world.begun = undefined)],
  };
  return steps[name];
}

/** Takes writes until the budget is spent, as a process that is killed then. */
function run(world: World, wish: Wish, made: string, budget: number): 'done' | 'killed' {
  let left = budget;
  for (;;) {
    const step = next(observed(world), wish, new Date(world.now));
    if ('stuck' in step) throw new Error(step.stuck);
    for (const write of writes(world, step, made)) {
      if (left === 0) return 'killed';
      left -= 1;
      write();
      sound(world);
    }
    if (last.includes(step.name)) return 'done';
  }
}

/** What must hold at every moment, whoever is killed. */
function sound({ live, served, stored, signed, secret, accepts, trees }: World): void {
  // Nobody writes to a tree that takes nothing, also where a Pod starts again at this moment.
  if (trees)
    for (const tree of [trees.live, trees.configured]) expect(trees.frozen).not.toContain(tree);
  // No client that looks refuses what is signed now, also where a Pod starts again at this moment.
  for (const key of [live, secret]) expect(served[key]).toBe('open');
  expect(accepts).toContain(live);
  // Nothing that ever signed is forgotten.
  for (const key of signed) expect(stored[key]).toBeDefined();
}

/** What ran on between two runs: Pods that died and came back. */
function revive(world: World): void {
  world.live = world.secret;
  world.signed.add(world.live);
  if (world.trees) world.trees.live = world.trees.configured;
}

function hasMoved({ trees }: World): void {
  if (trees === undefined) return;
  expect(trees).toMatchObject({ active: '2', configured: '2', live: '2', next: undefined });
  for (const all of [trees.ended, trees.frozen]) expect([...new Set(all)]).toEqual(['1']);
}

const wish = (changes: Partial<Wish> = {}): Wish => ({
  lead: 0,
  linger: 0,
  giveUp: false,
  ...changes,
});
const times = fc.constantFrom(0, 1_000, 604_800_000);

describe('a rotation', () => {
  it.each([
    ['of a key', fresh, false],
    ['of a log with its key', movable, true],
  ] as const)(
    '%s, killed before any write, any number of times, goes on to its end',
    (_what, begin, newLog) => {
      const points = new Set<number>();
      fc.assert(
        fc.property(
          fc.array(fc.nat(20), { maxLength: 12 }),
          times,
          times,
          (kills, lead, linger) => {
            const world = begin();
            const asked = wish({ lead, linger, newLog });
            let run1: 'done' | 'killed' = 'killed';
            for (const [index, budget] of kills.entries()) {
              if (run1 === 'done') break;
              points.add(budget);
              run1 = run(world, asked, `new${index}`, budget);
              revive(world);
              sound(world);
            }
            if (run1 === 'killed') run1 = run(world, asked, 'final', 1_000);
            expect(run1).toBe('done');
            expect(world.begun).toBeUndefined();
            expect(world.live).not.toBe('old');
            expect(world.stored.old).toBe('ended');
            expect(world.stored[world.live]).toBe('open');
            expect(world.copy).toEqual({ present: world.live });
            expect(world.served).toBe(world.stored);
            hasMoved(world);
            // One rotation, and not one for each run.
            expect(Object.keys(world.stored)).toHaveLength(2);
          },
        ),
        { numRuns: 1_000 },
      );
      expect(points.size).toBeGreaterThan(15);
    },
  );

  /** A rotation that was killed after each number of writes. */
  const killed = Array.from({ length: 25 }, (_, budget) => {
    const world = fresh();
    const done = run(world, wish({ lead: 1_000 }), 'new', budget) === 'done';
    return !done && world.begun !== undefined ? [world] : [];
  }).flat();
  const [before, after] = [false, true].map((is) =>
    killed.filter((one) => (one.secret === 'new') === is),
  );

  it.each([0, 1, 2, 3, 4])(
    'is given up before the switch, also if that is killed after %i writes',
    (kill) => {
      expect(before?.length).toBeGreaterThan(5);
      for (const world of before ?? []) {
        const copy = { ...world, signed: new Set(world.signed), accepts: [...world.accepts] };
        const asked = wish({ giveUp: true });
        if (run(copy, asked, 'none', kill) === 'killed') run(copy, asked, 'none', 1_000);
        expect(copy).toMatchObject({ begun: undefined, live: 'old', copy: { present: 'old' } });
        expect(copy.stored.old).toBe('open');
        expect(copy.stored.new ?? 'ended').toBe('ended');
      }
    },
  );

  it('is not given up after the switch', () => {
    expect(after?.length).toBeGreaterThan(5);
    for (const world of after ?? []) {
      expect(() => run(world, wish({ giveUp: true }), 'none', 9)).toThrow(/without --give-up/);
    }
  });

  it('of a key alone is not made one of the log by whoever runs it again', () => {
    const world = movable();
    run(world, wish(), 'new', 3);
    const step = next(observed(world), wish({ newLog: true }), new Date(0));
    expect(step).toMatchObject({ stuck: expect.stringMatching(/of its key alone/) });
    const other = movable();
    run(other, wish({ newLog: true }), 'new', 3);
    expect(run(other, wish(), 'none', 1_000)).toBe('done');
    expect(other.trees?.active).toBe('2');
  });

  it('waits as long as it was told, before and after', () => {
    const world = fresh();
    run(world, wish({ lead: 5_000, linger: 600_000 }), 'new', 1_000);
    expect(world.now).toBe(605_000);
  });

  it.each([
    ['the copy has another key', { copy: { present: 'other' } }, /clients are told of other/],
    ['clients trust another key', { trusted: { other: 'open' } }, /not what clients trust/],
    ['the key has an end', { trusted: { old: 'ended' } }, /not what clients trust/],
    ['the service signs with another key', { live: 'other' }, /signs with other/],
  ] as const)('does not begin where %s', (_what, changes, why) => {
    const step = next({ ...observed(fresh()), ...changes }, wish(), new Date(0));
    expect(step).toMatchObject({ stuck: expect.stringMatching(why) });
  });

  it('has clients told again where the repository lost the new key meanwhile', () => {
    const world = fresh();
    run(world, wish(), 'new', 5);
    expect(world.begun?.announced).toBeDefined();
    world.stored = { old: 'open' };
    world.served = world.stored;
    expect(run(world, wish(), 'none', 1_000)).toBe('done');
    expect(world.live).toBe('new');
  });

  it('has a service started again that went back to the old key', () => {
    const world = fresh();
    for (let budget = 1; world.begun?.restarted === undefined; budget += 1) {
      Object.assign(world, fresh());
      run(world, wish({ linger: 1_000 }), 'new', budget);
    }
    const step = next({ ...observed(world), live: 'old' }, wish(), new Date(world.now));
    expect(step).toEqual({ name: 'restart' });
  });

  it('does not switch where the old key is not in what is published', () => {
    const world = fresh();
    run(world, wish(), 'new', 5);
    world.stored = { new: 'open' };
    world.served = world.stored;
    const step = next(observed(world), wish(), new Date(0));
    expect(step).toMatchObject({ stuck: expect.stringMatching(/not what clients trust/) });
  });
});

describe('a plan', () => {
  it('is what is done then, with every step in it but those of going back', () => {
    const world = movable();
    const asked = wish({ lead: 1_000, linger: 1_000, newLog: true });
    const planned = plan(observed(world), asked, new Date(0)).map((step) =>
      'stuck' in step ? step.stuck : step.name,
    );
    const done: string[] = [];
    for (;;) {
      const step = next(observed(world), asked, new Date(world.now)) as Step;
      done.push(step.name);
      for (const write of writes(world, step, 'new')) write();
      if (last.includes(step.name)) break;
    }
    expect(planned).toEqual(done);
    expect(planned).toEqual(stepNames.slice(0, stepNames.indexOf('finish') + 1));
  });
});
