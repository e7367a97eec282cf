import type { Rig } from '../../cluster/rig.ts';
import { type Container, containersOf, machine, type Usage, usageOf } from './cgroups.ts';

/** All containers at one moment. */
export interface Sample {
  /** Milliseconds of a clock that only goes forward. */
  readonly at: number;
  readonly usage: ReadonlyMap<string, Usage>;
  readonly machine: { readonly busy: number; readonly all: number };
}

export async function sample(containers: readonly Container[]): Promise<Sample> {
  const at = performance.now();
  const used = await Promise.all(
    containers.map(async (each) => [each.name, await usageOf(each)] as const),
  );
  return { at, usage: new Map(used), machine: await machine() };
}

/** What a container did between two moments. */
export interface Spent {
  readonly name: string;
  /** Seconds of CPU. */
  readonly cpu: number;
  /** The same as a share of one core. */
  readonly cores: number;
  readonly throttled: number;
}

/** The busiest first. */
export function spent(from: Sample, to: Sample): Spent[] {
  const seconds = (to.at - from.at) / 1000;
  return [...to.usage]
    .map(([name, { cpu, throttled }]) => {
      const before = from.usage.get(name);
      if (!before) throw new Error(`${name} was not there before`);
      const used = cpu - before.cpu;
      return { name, cpu: used, cores: used / seconds, throttled: throttled - before.throttled };
    })
    .sort((a, b) => b.cpu - a.cpu);
}

/** How much of what the machine has was used between two moments, by whomever: 1 is all. */
export function machineShare(from: Sample, to: Sample): number {
  return (to.machine.busy - from.machine.busy) / (to.machine.all - from.machine.all);
}

/** Cores of all containers together. */
export function together(each: readonly Spent[]): number {
  return each.reduce((sum, { cores }) => sum + cores, 0);
}

/** Runs something, with a sample before and one after it, and one every so many milliseconds while it runs. */
export async function sampled<T>(
  cluster: Rig,
  every: number,
  act: () => Promise<T>,
): Promise<{ result: T; samples: Sample[]; containers: Container[] }> {
  const containers = await containersOf(cluster);
  const samples = [await sample(containers)];
  let failed: unknown;
  const timer = setInterval(() => {
    sample(containers).then(
      (one) => samples.push(one),
      (error: unknown) => {
        failed = error;
      },
    );
  }, every);
  try {
    const result = await act();
    if (failed) throw failed;
    samples.push(await sample(containers));
    return { result, samples, containers };
  } finally {
    clearInterval(timer);
  }
}

/** The least-squares slope of y over x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const under = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  if (under === 0) throw new Error('a slope wants two points that differ');
  return over / under;
}
