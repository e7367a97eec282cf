import type { Benchmark } from '../benchmark.ts';
import type { Figure } from '../figure.ts';
import { type Database, openDatabase } from './database.ts';
import { openSigner, type Window } from './run.ts';
import { type Sample, sampled, slope } from './sample.ts';

const about = { id: 'B16' } as const;
const minutes = Number(process.env.DRIFT_MINUTES ?? 30);
const rate = Number(process.env.DRIFT_RATE ?? 15);
/** Windows of a minute; of a shorter run, of a sixth of it. */
const window = Math.max(1, Math.min(60, Math.round((minutes * 60) / 6)));

/**
 * B16: what grows while the stack is used for long. It takes half an hour, or DRIFT_MINUTES, at DRIFT_RATE signatures a
 * second, so it is run only when it is asked for.
 */
export const drift: Benchmark = {
  ids: ['B16'],
  title: `${minutes} minutes at ${rate} signatures a second`,
  ground: 'stack',
  profiles: [],
  async run(bench) {
    const signer = await openSigner(bench.cluster, bench.work);
    const database = await openDatabase(bench.cluster);
    bench.say(`${rate} signatures a second for ${minutes} minutes`);
    const before = await stored(database);
    const { result, samples } = await sampled(bench.cluster, window * 1000, () =>
      signer.load({ clients: 16, seconds: minutes * 60, rate, window }),
    );
    const after = await stored(database);
    const { summary, windows } = result;
    if (summary.operations < rate * minutes * 60 * 0.95) {
      bench.missing('B16 at its whole rate', `${summary.operations} signatures were made`);
    }
    return [
      errors(summary.failed + (summary.errors.verify?.count ?? 0), summary),
      ...latency(windows),
      ...memory(samples, summary.operations / summary.seconds),
      ...disk(before, after, summary.operations),
    ];
  },
};

type Stored = Awaited<ReturnType<typeof stored>>;

async function stored(database: Database) {
  return { bytes: await database.bytes(), rows: await database.rows() };
}

function errors(count: number, of: { operations: number; verified: number }): Figure {
  return {
    ...about,
    title: 'operations that failed, and bundles that did not verify',
    unit: '',
    ours: [count],
    goals: [{ id: 'P22', of: 'max', atMost: 0 }],
    note: `of ${of.operations}, of which ${of.verified} were verified`,
  };
}

function latency(windows: readonly Window[]): Figure[] {
  // The last one is a piece of a window.
  const whole = windows.filter(({ operations }) => operations > 0);
  return (['p50', 'p99'] as const).map((which) => ({
    ...about,
    title: `a whole signature: ${which} of each ${window} s`,
    unit: 'ms',
    ours: whole.map(({ latency: { all } }) => all?.[which] ?? Number.NaN),
    note: 'in order of time; counted from when it was due',
  }));
}

/** Caches fill first, MariaDB's pages up to 128 MiB: what goes on growing shows in the second half. */
function memory(samples: readonly Sample[], perSecond: number): Figure[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const names = [...(samples[0]?.usage.keys() ?? [])];
  return names.flatMap((name) => {
    const points = half.map(
      ({ at, usage }) =>
        [(at / 1000) * perSecond, usage.get(name)?.anonymous ?? Number.NaN] as const,
    );
    const all = samples.map(({ usage }) => mebibytes(usage.get(name)?.memory ?? Number.NaN));
    return [
      {
        ...about,
        title: `memory of ${name}, each ${window} s`,
        unit: 'MiB',
        ours: all,
        note: `from ${all[0]} to ${all.at(-1)}${name === 'mysql' ? ', of which up to 128 keep pages' : ''}`,
      },
      {
        ...about,
        title: `growth of ${name} per 1,000 signatures, in the second half`,
        unit: 'KiB',
        ours: [Math.round((slope(points) * 1000) / 1024)],
      },
    ];
  });
}

function disk(before: Stored, after: Stored, operations: number): Figure[] {
  const each = (grown: number) => Math.round((grown / operations) * 100) / 100;
  return [
    {
      ...about,
      title: "the database's volume: growth per signature",
      unit: 'bytes',
      ours: [Math.round((after.bytes - before.bytes) / operations)],
      note: `from ${mebibytes(before.bytes)} to ${mebibytes(after.bytes)} MiB; files grow in steps`,
    },
    ...Object.entries(after.rows).map(([name, count]) => ({
      ...about,
      title: `rows of ${name} per signature`,
      unit: '',
      ours: [each(count - (before.rows[name] ?? 0))],
      note: `${count} at the end`,
    })),
  ];
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / 2 ** 20) * 10) / 10;
}
