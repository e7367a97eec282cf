import { violations } from '../checker.ts';
import type { Harness, Prepared, Run, RunOptions } from '../harness.ts';
import type { StoredObject } from '../history.ts';
import type { LaneJob } from '../lane.ts';

/** A Job's run, and whose it was. */
export interface JobRun extends Run {
  readonly title: string;
}

/** Runs the Jobs at the same time, each with options of its own. */
export function runAll(
  harness: Pick<Harness, 'run'>,
  jobs: readonly LaneJob[],
  optionsOf: (job: LaneJob) => RunOptions = () => ({}),
): Promise<JobRun[]> {
  return Promise.all(
    jobs.map(async (job) => ({ title: job.title, ...(await harness.run(job, optionsOf(job))) })),
  );
}

/**
 * The runs that did not end with this status, and what they said; in so many milliseconds, if told. That
 * nothing ran is told as well: of no runs everything is true.
 */
export function otherThan(
  status: number,
  runs: readonly JobRun[],
  { within = Number.POSITIVE_INFINITY } = {},
): string[] {
  if (runs.length === 0) return ['no Job ran'];
  return runs
    .filter((run) => run.status !== status || run.ms > within)
    .map(({ title, ms, ...run }) => `${title}: ${run.status} after ${ms} ms: ${run.stderr}`);
}

/** What each run said last, without its name, by title. */
export function lastLines(runs: readonly JobRun[]): Record<string, string> {
  return Object.fromEntries(runs.map(({ title, stderr }) => [title, lastLine(stderr)]));
}

export function lastLine(stderr: string): string {
  return stderr.trimEnd().split('\n').at(-1) ?? '';
}

/**
 * Brings the whole stack up from nothing, or from `put`, by all Jobs at once: what is wrong with how
 * they ended and with all versions of all objects.
 */
export async function bringUp(
  harness: Harness,
  optionsOf: (job: LaneJob) => RunOptions = () => ({}),
  { put = [], prepared }: { put?: readonly StoredObject[]; prepared?: Prepared } = {},
) {
  const nothing = prepared ?? (await harness.prepare(...harness.lane.jobs));
  await nothing.reset(put);
  const before = await harness.state();
  const mark = await harness.history.mark();
  const runs = await runAll(harness, harness.lane.jobs, optionsOf);
  return { runs, faults: [...otherThan(0, runs), ...(await faultsSince(harness, before, mark))] };
}

/** What is wrong in the lane since then. */
export async function faultsSince(
  harness: Harness,
  before: ReadonlyMap<string, StoredObject>,
  mark: number,
): Promise<string[]> {
  await harness.history.mark();
  return [
    ...violations(before, harness.history.since(mark)),
    ...(await harness.unreferencedTrees()).map((id) => `tree ${id} is live, and nobody’s`),
  ];
}
