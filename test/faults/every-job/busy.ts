import { availableParallelism, loadavg } from 'node:os';

/** A limit of so many milliseconds, for a machine that has as much to do as this one has now. */
export function unhurried(ms: number): number {
  const [load = 0] = loadavg();
  return ms * Math.max(1, load / availableParallelism());
}
