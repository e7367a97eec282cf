import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ground } from './ground.ts';
import { type Outcome, outcomesOf } from './outcomes.ts';
import { copySource, programName, testPrograms } from './programs.ts';
import type { Suite } from './suites.ts';

/** Runs a suite in the cluster's network; resolves to how each test ended, `package.Test` by name. */
export async function runSuite(suite: Suite, ground: Ground): Promise<Map<string, Outcome>> {
  const programs = await testPrograms(suite);
  const copy = join(ground.work, suite.name.replaceAll(' ', '-'));
  const home = `${copy}-home`;
  await copySource(suite, copy);
  await mkdir(home);
  const env = { ...(await suite.prepare(ground, copy)), HOME: home };
  const all = new Map<string, Outcome>();
  for (const name of suite.packages) {
    const outcomes = await runPackage(suite, ground, { name, copy, env, programs });
    for (const [test, outcome] of outcomes) all.set(`${name}.${test}`, outcome);
  }
  return all;
}

interface PackageRun {
  readonly name: string;
  readonly copy: string;
  readonly env: Readonly<Record<string, string>>;
  readonly programs: string;
}

async function runPackage(suite: Suite, ground: Ground, { name, copy, env, programs }: PackageRun) {
  // By env(1): the rig itself finds its programs under the caller's HOME. A token goes by the environment alone.
  const { HOME = '', PATH = process.env.PATH ?? '', ...rest } = env;
  const command = ['env', '-C', join(copy, name), `HOME=${HOME}`, `PATH=${PATH}`];
  const program = [join(programs, programName(name)), '-test.v=test2json', ...suite.flags];
  const printed = await ground.cluster.exec([...command, ...program], {
    env: rest,
    timeout: 1_800_000,
  });
  const log = join(ground.logs, `${suite.name.replaceAll(' ', '-')}-${programName(name)}.log`);
  await writeFile(log, printed.stdout + printed.stderr);
  const outcomes = outcomesOf(printed.stdout);
  if (outcomes.size === 0) throw new Error(`${suite.name}, ${name} ran no test; see ${log}`);
  return outcomes;
}
