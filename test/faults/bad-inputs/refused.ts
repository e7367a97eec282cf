import type { Job } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { expect } from 'vitest';
import { Secrets } from '../../fuzz/secrets.ts';

/** A Job, and what it finds. */
export interface Trial {
  readonly job: () => Job;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly records?: readonly (readonly [Ref, Data | undefined])[];
  readonly now?: Date;
}

/** How a refusal must look. */
export interface Refusal {
  readonly status: number;
  /** What the line must say: the flag, or the object and key, and the reason. */
  readonly says: readonly (string | RegExp)[];
  /** Values beside those of the records that must not be told. */
  readonly hidden?: readonly string[];
  /** Where an input is late, copies of others may have been made meanwhile. */
  readonly othersWritten?: boolean;
}

const mostBytes = 2_048; // of the line: what Kubernetes keeps of a log as a Pod's last words
const longest = 1_000; // milliseconds of this thread's own time

/** Runs the Job on what it finds; `writes` are those that it tried. */
export async function tried({ job, args = [], env = {}, records = [], now }: Trial) {
  const inner = memoryStore();
  for (const [ref, data] of records) if (data) await inner.write(ref, { data });
  const state = async () => Promise.all(records.map(([ref]) => inner.read(ref)));
  const writes: string[] = [];
  const store: Store = {
    ...inner,
    write: (ref, change, replacing) => {
      writes.push(show(ref));
      return inner.write(ref, change, replacing);
    },
  };
  const before = await state();
  const start = process.threadCpuUsage();
  const result = await runJob(job(), store, {
    // What is late is late at once: no row here is about waiting.
    args: ['--timeout=50ms', ...args],
    env,
    ...(now && { now: () => now }),
  });
  const { user, system } = process.threadCpuUsage(start);
  const unchanged = JSON.stringify(await state()) === JSON.stringify(before);
  return { ...result, store: inner, writes, unchanged, took: (user + system) / 1_000 };
}

/** One check for all: the status, one line that names place and reason, nothing quoted or written, soon. */
export async function expectRefused(
  trial: Trial,
  { status, says, hidden = [], othersWritten }: Refusal,
) {
  const result = await tried(trial);
  const errors = result.stderr.split('\n').filter((line) => line.includes(': error: '));
  expect(errors, result.stderr).toHaveLength(1);
  const [line = ''] = errors;
  expect(result.stderr.endsWith(`${line}\n`), 'the error is the last line').toBe(true);
  expect([result.status, line]).toEqual([status, expect.any(String)]);
  for (const one of says) {
    if (typeof one === 'string') expect(line).toContain(one);
    else expect(line).toMatch(one);
  }
  expect(line.length).toBeLessThan(mostBytes);
  expect(result.stderr).not.toMatch(/\n\s+at |node:|\.ts:\d/);
  const values = (trial.records ?? []).flatMap(([, data]) => Object.values(data ?? {}));
  const quoted = new Secrets(...values, ...(trial.args ?? []).map(givenIn)).quotedIn(line);
  expect(quoted, `quotes its input: ${line}`).toBe(false);
  for (const one of hidden) expect(result.stderr).not.toContain(one);
  if (othersWritten) return expect(result.unchanged).toBe(true);
  expect({ writes: result.writes, unchanged: result.unchanged }).toEqual({
    writes: [],
    unchanged: true,
  });
  expect(result.took, 'milliseconds').toBeLessThan(longest);
}

/** An object's name is told, so that it is found; nothing else of a flag's value is. */
function givenIn(arg: string): string {
  const value = arg.slice(arg.indexOf('=') + 1);
  return /^[a-z0-9:/.-]+$/.test(value) ? '' : value;
}

/** One that is taken, with a warning that says these. */
export async function expectWarned(trial: Trial, says: readonly (string | RegExp)[]) {
  const { status, stderr } = await tried(trial);
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  const warnings = stderr
    .split('\n')
    .filter((line) => line.includes('warning: '))
    .join('\n');
  for (const one of says) {
    if (typeof one === 'string') expect(warnings).toContain(one);
    else expect(warnings).toMatch(one);
  }
}
