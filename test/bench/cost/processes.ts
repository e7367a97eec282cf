import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Benchmark } from '../benchmark.ts';
import type { Figure, Goal } from '../figure.ts';
import type { Loopback } from './loopback.ts';
import { figureOf, inTurn, type Pairs } from './pairs.ts';
import { done, type Measured } from './process.ts';
import { sealing } from './sealing.ts';
import { type Contestant, openTasks, type Task } from './tasks.ts';

const light: Goal = { id: 'P9', of: 'median', atMost: 125 };
const small: Goal = { id: 'P10', of: 'max', atMost: 64 };

/** B5: what each Job's process costs, where it makes its objects and where it finds them. */
export const costProcess: Benchmark = {
  ids: ['B5'],
  title: 'process: CPU, memory and time of each Job',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    await using tasks = await openTasks(bench, 'B5');
    const { at, all } = tasks;
    const figures: Figure[] = [await nodeAlone(bench, at)];
    for (const task of all) {
      bench.say(`B5 ${task.name}`);
      figures.push(...(await costs(bench, task)));
      if (task.seals) figures.push(...(await withoutSealing(bench, task, at)));
    }
    return figures;
  },
};

const pairsOf = ({ profile, rounds }: Bench) => rounds ?? (profile === 'full' ? 21 : 3);

interface Trial {
  readonly fresh: Measured;
  readonly again: Measured;
}

async function costs(bench: Bench, { name, ours, peer, seals, note }: Task): Promise<Figure[]> {
  // Once for the page cache, on both sides.
  for (const one of [ours, peer]) if (one) await trial(name, one);
  const pairs: Pairs<Trial> = await inTurn(
    pairsOf(bench),
    () => trial(name, ours),
    peer && (() => trial(`the Go ${name}`, peer)),
  );
  const about = (what: string, unit: string, goals: readonly Goal[] = []) => ({
    id: 'B5',
    title: `${name}: ${what}`,
    unit,
    ...(goals.length > 0 && { goals }),
    ...(note !== undefined && { note }),
  });
  const limits = seals ? [] : [light];
  return [
    figureOf(pairs, ({ fresh }) => fresh.cpu, about('CPU, fresh', 'ms', limits)),
    figureOf(pairs, ({ again }) => again.cpu, about('CPU, no-op', 'ms', limits)),
    figureOf(pairs, ({ fresh }) => fresh.wall, about('wall, fresh', 'ms')),
    figureOf(pairs, ({ again }) => again.wall, about('wall, no-op', 'ms')),
    figureOf(
      pairs,
      ({ fresh, again }) => Math.max(fresh.peak, again.peak),
      about('peak memory, the higher of fresh and no-op', 'MiB', [small]),
    ),
  ];
}

async function trial(what: string, one: Contestant): Promise<Trial> {
  await one.clear();
  const fresh = done(await one.run(), `${what}, fresh`);
  return { fresh, again: done(await one.run(), `${what}, no-op`) };
}

/** The part that is no PBKDF2, as the Job's own process tells it. */
async function withoutSealing(bench: Bench, task: Task, { folder }: Loopback): Promise<Figure[]> {
  const place = join(folder, `sealing-${task.name}`);
  await mkdir(place);
  const rest: { fresh: number[]; again: number[]; sealing: number[] } = {
    ...{ fresh: [], again: [], sealing: [] },
  };
  const tell = await sealing(place);
  for (let run = 0; run < (bench.profile === 'full' ? 11 : 3); run += 1) {
    await task.ours.clear();
    for (const which of ['fresh', 'again'] as const) {
      const env = tell.env(`${which}-${run}`);
      const { cpu } = done(await task.ours.run({ env }), `${task.name}, told`);
      const spent = await tell.spent(`${which}-${run}`);
      rest[which].push(cpu - spent);
      if (which === 'fresh') rest.sealing.push(spent);
    }
  }
  const figure = (title: string, ours: readonly number[], goals: readonly Goal[]): Figure => ({
    ...{ id: 'B5', title: `${task.name}: ${title}`, unit: 'ms', ours, goals },
  });
  return [
    figure('CPU of sealing and opening keys, fresh', rest.sealing, []),
    figure('CPU but for sealing and opening keys, fresh', rest.fresh, [light]),
    figure('CPU but for sealing and opening keys, no-op', rest.again, [light]),
  ];
}

/** The floor: Node with nothing to do. */
async function nodeAlone(bench: Bench, { folder, processes }: Loopback): Promise<Figure> {
  const empty = join(folder, 'empty.cjs');
  await writeFile(empty, '');
  const run = () => processes.measure([process.execPath, empty]);
  const { ours } = await inTurn(pairsOf(bench), run);
  return {
    ...{ id: 'B5', title: 'Node with an empty script: CPU', unit: 'ms' },
    ours: ours.map(({ cpu }) => cpu),
    note: 'the floor of every Job',
  };
}
