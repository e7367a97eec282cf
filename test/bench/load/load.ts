import type { Bench, Benchmark } from '../benchmark.ts';
import type { Figure } from '../figure.ts';
import { type Counters, openDatabase } from './database.ts';
import { type Limits, limits } from './limits.ts';
import { type Latency, type LoadRun, type Order, openSigner, type Signer } from './run.ts';
import { type Sample, sampled } from './sample.ts';

const about = { id: 'B14' } as const;
const stages = [
  ['all', 'a whole signature: certificate, SCT, timestamp and entry'],
  ['fulcio', 'its certificate, which Fulcio gives after the CT log gave the SCT'],
  ['tsa', 'its timestamp'],
  ['rekor', 'its entry in Rekor, with proof of inclusion'],
] as const;

/** A run, and what it did to the stack. */
export interface Measured extends LoadRun {
  readonly limits: Limits;
  readonly database: { readonly before: Counters; readonly after: Counters };
}

/** B14: many clients that sign at once. */
export const load: Benchmark = {
  ids: ['B14'],
  title: 'the stack under load',
  ground: 'stack',
  profiles: ['quick', 'full'],
  async run(bench) {
    const signer = await openSigner(bench.cluster, bench.work);
    const { clients, seconds, short } =
      bench.profile === 'full'
        ? { clients: 64, seconds: 60, short: 15 }
        : { clients: 16, seconds: 20, short: 8 };
    bench.say(`${clients} clients sign for ${seconds} s`);
    const main = await measure(bench, signer, { clients, seconds });
    const figures = [...figuresOf(main), ...costs(main)];

    // What limits shows in what changes when a part is taken away, or when fewer ask.
    const variants: (readonly [name: string, order: Order])[] = [
      ['1 client', { clients: 1, seconds: short }],
      ['8 clients', { clients: 8, seconds: short }],
      [`${clients} clients, no timestamp`, { clients, seconds: short, skip: 'tsa' }],
      [`${clients} clients, no entry in Rekor`, { clients, seconds: short, skip: 'rekor' }],
    ];
    for (const [name, order] of variants) {
      bench.say(`${name}, for ${short} s`);
      const run = await measure(bench, signer, order);
      figures.push({
        ...about,
        title: `signatures a second: ${name}`,
        unit: '1/s',
        ours: [round(run.summary.operations / run.summary.seconds)],
        note: `p50 ${run.summary.latency.all?.p50} ms; ${run.limits.said}${failures(run)}`,
      });
    }
    return figures;
  },
};

/** Runs a load, and looks at the stack meanwhile. */
export async function measure(bench: Bench, signer: Signer, order: Order): Promise<Measured> {
  const database = await openDatabase(bench.cluster);
  const before = await database.counters();
  const { result, samples, containers } = await sampled(bench.cluster, 1000, () =>
    signer.load(order),
  );
  const ends = [samples[0], samples.at(-1)] as [Sample, Sample];
  const after = await database.counters();
  return {
    ...result,
    limits: limits({ ends, containers, run: result }),
    database: { before, after },
  };
}

function figuresOf(run: Measured): Figure[] {
  const { summary, windows } = run;
  // The first second opens connections, and in the last ones clients have ended.
  const steady = windows.filter(({ operations }) => operations > 0).slice(1, -1);
  const by = (of: (latency: Latency) => number | undefined) =>
    steady.map(({ latency }) => of(latency)).filter((value) => value !== undefined);
  return [
    {
      ...about,
      title: `signatures, ${summary.clients} clients, second by second`,
      unit: '1/s',
      ours: steady.map(({ operations }) => operations),
      note: `${summary.operations} in ${round(summary.seconds)} s; ${run.limits.said}`,
    },
    {
      ...about,
      title: `operations that failed, and bundles that did not verify, ${summary.clients} clients`,
      unit: '',
      ours: [summary.failed + (summary.errors.verify?.count ?? 0)],
      goals: [{ id: 'P22', of: 'max', atMost: 0 }],
      note: `${summary.verified} bundles were verified${failures(run)}`,
    },
    ...stages.flatMap(([stage, title]) => {
      const whole = summary.latency[stage];
      if (!whole) return [];
      return (['p50', 'p99'] as const).map((which) => ({
        ...about,
        title: `${title}: ${which} of each second`,
        unit: 'ms',
        ours: by((latency) => latency[stage]?.[which]),
        note: `of all: p50 ${whole.p50}, p90 ${whole.p90}, p99 ${whole.p99}, max ${whole.max}`,
      }));
    }),
  ];
}

/** CPU is what does not change with who else is on the machine. */
function costs({ limits: { containers, machine }, summary, database }: Measured): Figure[] {
  const each = (seconds: number) => round((seconds * 1000) / summary.operations);
  const { before, after } = database;
  const grown = (name: keyof Counters) => after[name] - before[name];
  const rest = { ...about, unit: 'ms' };
  return [
    {
      ...rest,
      title: 'CPU of all of the stack for a signature',
      ours: [each(containers.reduce((sum, { cpu }) => sum + cpu, 0))],
    },
    ...containers.map(({ name, cpu, throttled }) => ({
      ...rest,
      title: `CPU of ${name} for a signature`,
      ours: [each(cpu)],
      ...(throttled > 0 && { note: `held back by its limit for ${round(throttled)} s` }),
    })),
    {
      ...rest,
      title: 'CPU of the clients for a signature',
      ours: [each(summary.clientCpuSeconds)],
      note: `they share the machine with the stack: ${Math.round(machine * 100)} % of it was busy`,
    },
    {
      ...about,
      title: 'statements to the database for a signature',
      unit: '',
      ours: [round(grown('Questions') / summary.operations)],
      note:
        `${round(grown('Innodb_data_fsyncs') / summary.operations)} fsyncs, ` +
        `${round(grown('Innodb_row_lock_time') / summary.operations)} ms of waiting for rows; ` +
        `at most ${after.Max_used_connections} of 151 connections since it started`,
    },
  ];
}

function failures({ summary: { errors } }: LoadRun): string {
  return Object.entries(errors)
    .map(([kind, { count, example }]) => `; ${count} × ${kind} (${example.slice(0, 120)})`)
    .join('');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
