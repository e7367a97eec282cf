import { JobError } from '@sigstand/job/errors';
import { PkiError } from '@sigstand/pki/error';
import { CommanderError } from 'commander';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { ProtoTextError } from '../../packages/createctconfig/src/prototext.ts';
import { RepositoryError } from '../../packages/createtuf/src/repository.ts';
import { long } from '../faults/profile.ts';
import type { Secrets } from './secrets.ts';

/*
 * How often everything is tried: FUZZ_RUNS times the share that a reader names, so that what is cheap
 * is tried more often than what opens keys. FUZZ_SEED and FUZZ_PATH, which a failure prints, try one
 * case again.
 */
const runs = Number(process.env.FUZZ_RUNS ?? (long ? 4_000 : 40)); // 332 executions each
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const path = process.env.FUZZ_PATH;

const longest = 1_000; // milliseconds of this thread's own time, whatever else the machine does
let executions = 0;
let taken = 0;
let slowest = { name: 'nothing', took: 0 };

/** Prints, when the file is done, what was tried; scripts add up the numbers. */
export function tellExecutions(): void {
  afterAll(() => {
    const { name, took } = slowest;
    process.stdout.write(
      `fuzz: ${executions} executions, ${taken} of them taken, seed ${seed}; the slowest took ${took.toFixed(0)} ms (${name})\n`,
    );
  });
}

interface Rules {
  /** How many executions there are for each of FUZZ_RUNS. */
  readonly share: number;
  /** What no message may quote. */
  readonly secrets?: Secrets;
}

/**
 * A test that `read` does one of two things with whatever it is given: it returns, or it throws an error
 * of ours that quotes no secret; and that it does so soon.
 */
export function survives<T>(
  name: string,
  { share, secrets }: Rules,
  generator: fc.Arbitrary<T>,
  read: (value: T) => unknown,
): void {
  it(name, { timeout: 3_600_000 }, async () => {
    const property = fc.asyncProperty(generator, async (value) => {
      executions += 1;
      const told = await timed(name, () => messageOf(() => read(value)));
      if (secrets) expect(secrets.quotedIn(told)).toBe(false);
    });
    await fc.assert(property, {
      numRuns: Math.max(1, Math.ceil(runs * share)),
      seed,
      ...(path && { path }),
      endOnFailure: true,
      includeErrorInReport: true,
    });
  });
}

async function timed<T>(name: string, act: () => Promise<T>): Promise<T> {
  const start = process.threadCpuUsage();
  const result = await act();
  const { user, system } = process.threadCpuUsage(start);
  const took = (user + system) / 1_000;
  if (took > slowest.took) slowest = { name, took };
  expect(took, 'milliseconds').toBeLessThan(longest);
  return result;
}

async function messageOf(read: () => unknown): Promise<string> {
  try {
    const answer = await read();
    taken += 1;
    return typeof answer === 'string' ? answer : '';
  } catch (error) {
    if (!isOurs(error)) throw error;
    return `${error.message} ${error instanceof JobError ? error.hint : ''}`;
  }
}

/** How a Job ended, as one of the two things: whatever else it is, it is a defect. */
export function ended({ status, stderr }: { status: number; stderr: string }): string {
  if (status === 0) return stderr;
  if (![64, 65, 75, 78].includes(status)) throw new Error(`status ${status}: ${stderr}`);
  const errors = stderr.split('\n').filter((line) => line.includes('error: '));
  if (errors.length !== 1) throw new Error(`not one line: ${stderr}`);
  throw new JobError('data', stderr);
}

function isOurs(error: unknown): error is Error {
  return [PkiError, JobError, RepositoryError, ProtoTextError, CommanderError].some(
    (kind) => error instanceof kind,
  );
}
