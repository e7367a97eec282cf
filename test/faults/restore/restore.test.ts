import { records } from '@sigstand/contracts/records';
import { recording } from '@sigstand/store/recording';
import { show } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { figure, trials } from '../profile.ts';
import { randomFrom } from '../random.ts';
import { wrongs } from './oracle.ts';
import {
  contents,
  names,
  pods,
  restored,
  runAll,
  runPod,
  type Subset,
  type Whole,
  wholeStack,
} from './stack.ts';

let whole: Whole;
const objects = names.length;
const all: Subset = { kept: new Set(names), database: true };

beforeAll(async () => {
  whole = await wholeStack();
});

const subset = (kept: Iterable<string>, database: boolean): Subset => ({
  kept: new Set(kept),
  database,
});
const without = (lost: readonly string[], database = true) =>
  subset(
    names.filter((name) => !lost.includes(name)),
    database,
  );

/** Every subset of some names. */
function* subsetsOf(some: readonly string[]): Generator<string[]> {
  for (let mask = 0; mask < 2 ** some.length; mask += 1) {
    yield some.filter((_, index) => (mask >> index) & 1);
  }
}

/** One of the stack's parts; the database is the last. */
const partsOf = (indexes: readonly number[]) => ({
  some: indexes.filter((index) => index < objects).map((index) => names[index]!),
  database: indexes.includes(objects),
});
const missing = (...indexes: number[]) => {
  const { some, database } = partsOf(indexes);
  return without(some, !database);
};
const present = (...indexes: number[]) => {
  const { some, database } = partsOf(indexes);
  return subset(some, database);
};

/** The records that a Job reads or writes, also where something is lost. */
async function usedBy(pod: (typeof pods)[number]): Promise<Set<string>> {
  const used = new Set<string>();
  for (const one of [all, subset([], true)]) {
    const world = await restored(whole, one);
    const store = recording(world.store, ({ ref }) => used.add(show(ref)));
    await runPod(pod, { ...world, store });
  }
  return used;
}

/** All that have one or two parts missing, or present, in an order that a seed decides. */
function few(random: ReturnType<typeof randomFrom>): Subset[] {
  const parts = Array.from({ length: objects + 1 }, (_, index) => index);
  const pairs = parts.flatMap((a) => parts.filter((b) => b > a).map((b) => [a, b] as const));
  const shuffled = pairs
    .flatMap((pair) => [missing(...pair), present(...pair)])
    .map((one) => ({ one, at: random.below(2 ** 30) }))
    .sort((a, b) => a.at - b.at);
  return [...parts.map((part) => missing(part)), ...parts.map((part) => present(part))].concat(
    shuffled.map(({ one }) => one),
  );
}

const told = ({ kept, database }: Subset) =>
  `lost: ${names.filter((name) => !kept.has(name)).join(', ') || 'nothing'}${database ? '' : ', the database'}`;

/** Fails with all that was wrong, and prints how many were tried. */
async function none(
  what: string,
  tried: Iterable<Subset>,
  run: (one: Subset) => Promise<string[]>,
) {
  const wrong: { lost: string; found: string[] }[] = [];
  let count = 0;
  for (const one of tried) {
    count += 1;
    const found = await run(one);
    if (found.length > 0) wrong.push({ lost: told(one), found });
  }
  figure(`${what}: ${count} subsets tried, ${wrong.length} wrong`);
  expect(wrong.slice(0, 5)).toEqual([]);
}

describe('each Job alone, with every subset of what it reads and writes,', () => {
  it.each(pods.map((pod) => [`${pod.namespace}/${pod.job}`, pod] as const))(
    '%s restores what follows, or ends with the right advice',
    async (title, pod) => {
      const used = await usedBy(pod);
      const some = records.map(show).filter((name) => used.has(name));
      const others = names.filter((name) => !some.includes(name));
      const databases = pod.job === 'createtree' ? [true, false] : [true];
      const tried = databases.flatMap((database) =>
        [...subsetsOf(some)].map((kept) => subset([...others, ...kept], database)),
      );
      await none(`${title} alone`, tried, async (one) => {
        const world = await restored(whole, one);
        return wrongs(whole, one, { world, ended: [await runPod(pod, world)] });
      });
    },
  );
});

describe('the whole stack', () => {
  it('is as it was where all of it is restored', async () => {
    const world = await restored(whole, all);
    const ended = await runAll(world);
    expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
    const after = await contents(world.store);
    expect(new Map([...after].map(([name, { data }]) => [name, data]))).toEqual(
      new Map([...whole.records].map(([name, { data }]) => [name, data])),
    );
  });

  it('has no annotation that the contract does not name for the backup', () => {
    const unnamed = records.flatMap((ref) =>
      Object.keys(whole.records.get(show(ref))?.annotations ?? {})
        .filter((note) => !ref.notes?.includes(note))
        .map((note) => `${show(ref)} ${note}`),
    );
    expect(unnamed).toEqual([]);
  });

  it('restores what follows from what is left, or says what to restore', async () => {
    const random = randomFrom(Number(process.env.FAULTS_SEED) || 15);
    const any = Array.from({ length: trials(12, 3_000) }, () =>
      subset(
        names.filter(() => random.below(2)),
        random.below(2) === 1,
      ),
    );
    const tried = [...few(random).slice(0, trials(42, 10_000)), ...any];
    await none(`all Jobs (seed ${random.seed})`, tried, async (one) => {
      const world = await restored(whole, one);
      return wrongs(whole, one, { world, ended: await runAll(world) });
    });
  });
});
