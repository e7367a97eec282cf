import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binary } from '../programs/binaries.ts';
import { type Follow, type Report, type Served, scratch } from './client.ts';
import type { Flight } from './flights.ts';

/** The program of `test/rig/go-tuf`. */
export const goTuf: Follow = (served, flights) =>
  byProgram((folder) => [binary('go-tuf'), folder])(served, flights);

/** A program that reads plan.json; it says the same with its exit status, which is held against its report. */
export const byProgram =
  (commandFor: (folder: string) => readonly string[]): Follow =>
  async (served, flights) => {
    const folder = await mkdtemp(join(scratch, 'sigstand-followed-'));
    try {
      await writeHistory(folder, served, flights);
      const command = commandFor(folder);
      const { status, stdout, stderr } = await run(command);
      if (stdout === '') throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
      const report: Report = JSON.parse(stdout);
      if (status !== (report.refused > 0 ? 1 : 0)) {
        throw new Error(`${command[0]} ended with ${status} and ${report.refused} refusals`);
      }
      return report;
    } finally {
      await rm(folder, { recursive: true });
    }
  };

async function writeHistory(folder: string, served: readonly Served[], flights: readonly Flight[]) {
  for (const [index, { files }] of served.entries()) {
    await mkdir(join(folder, `${index}`));
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(folder, `${index}`, name), bytes);
    }
  }
  const states = served.map(({ begins, ends }, index) => ({ files: `${index}`, begins, ends }));
  await writeFile(join(folder, 'plan.json'), JSON.stringify({ states, flights }));
}

async function run([program = '', ...args]: readonly string[]) {
  const env = { ...process.env, TMPDIR: scratch };
  try {
    return { status: 0, ...(await promisify(execFile)(program, args, { env })) };
  } catch (error) {
    const failure = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof failure.code !== 'number') throw error;
    return { status: failure.code, stdout: failure.stdout ?? '', stderr: failure.stderr ?? '' };
  }
}
