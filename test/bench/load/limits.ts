import type { Container } from './cgroups.ts';
import type { LoadRun } from './run.ts';
import { machineShare, type Sample, type Spent, spent, together } from './sample.ts';

/** What the containers used during a run, and who of them had nothing left. */
export interface Limits {
  /** The busiest first. */
  readonly containers: readonly Spent[];
  /** How much of the machine was used, by whomever. */
  readonly machine: number;
  readonly said: string;
}

/** More than this of what there is, and it is what limits. */
const full = 0.9;

export function limits({
  ends: [from, to],
  containers,
  run,
}: {
  readonly ends: readonly [Sample, Sample];
  readonly containers: readonly Container[];
  readonly run: LoadRun;
}): Limits {
  const each = spent(from, to);
  const machine = machineShare(from, to);
  const cores = new Map(containers.map((container) => [container.name, container.cores]));
  const bound = each
    .filter((one) => one.cores > full * (cores.get(one.name) ?? Number.POSITIVE_INFINITY))
    .map(({ name }) => name);
  const who =
    bound.length > 0
      ? `limited by the CPU limit of ${bound.join(' and ')}`
      : machine > full
        ? "limited by the machine's CPU"
        : `limited by waiting${longest(run)}`;
  return { containers: each, machine, said: `${who}; ${usage(each, machine, run)}` };
}

/** The stage of which most of an operation is made; empty where nothing succeeded. */
function longest({ summary: { latency } }: LoadRun): string {
  const { all, ...stages } = latency;
  const [first] = Object.entries(stages).sort(([, a], [, b]) => b.p50 - a.p50);
  return all && first ? `, for ${first[0]} ${first[1].p50} of ${all.p50} ms` : '';
}

/** What the stack and the clients did not use, others did: kubelet, API server, and whoever else was there. */
function usage(each: readonly Spent[], machine: number, { summary }: LoadRun): string {
  const [first, second] = each.map(({ name, cores }) => `${name} ${cores.toFixed(2)}`);
  const client = (summary.clientCpuSeconds / summary.seconds).toFixed(2);
  return (
    `${Math.round(machine * 100)} % of the machine busy: the stack ${together(each).toFixed(2)} cores ` +
    `(${first}, ${second}), the clients ${client}`
  );
}
