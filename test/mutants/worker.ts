/* Runs test files in the folder that it is started in, whenever it is told to: a Vitest that stays. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createVitest, type TestModule } from 'vitest/node';
import type { FileReport, Told } from './judge.ts';

/** What the worker is asked, by a message. */
export interface Question {
  readonly file: string;
  /** One test of it alone, by its name. */
  readonly test?: string | undefined;
  /** Files that are others now than when it was last asked. */
  readonly changed: readonly string[];
}

/** Tests that read what `npm run build` made. */
const readsBundles = /^test\/(bundles|launch)\.test\.ts$/;

const root = process.cwd();
const vitest = await createVitest('test', {
  root,
  project: ['unit'],
  watch: false,
  bail: 1,
  testTimeout: 60_000,
  maxWorkers: 1,
  reporters: [{}],
});
const all = await vitest.globTestSpecifications();

process.on('message', async ({ file, test, changed }: Question) => {
  if (readsBundles.test(file)) spawnSync(process.execPath, ['scripts/build.ts'], { cwd: root });
  for (const one of changed) vitest.invalidateFile(join(root, one));
  const whole = all.filter(({ moduleId }) => moduleId === join(root, file));
  const chosen = test
    ? whole.map(({ project }) =>
        project.createSpecification(join(root, file), { testNames: [test] }),
      )
    : whole;
  const { testModules } = await vitest.runTestSpecifications(chosen);
  // It tells of all files that it ever ran.
  const its = testModules.filter(({ moduleId }) => moduleId === join(root, file));
  process.send?.(reportOf(file, its));
});
process.once('disconnect', () => process.exit());
process.send?.('ready');

function reportOf(file: string, modules: readonly TestModule[]): FileReport {
  const tests = modules.flatMap(({ children }) => [...children.allTests()]);
  const around = modules.flatMap((one) => [one, ...one.children.allSuites()]);
  const failures = tests.map((test) => ({
    where: test.fullName,
    isTest: true,
    errors: test.result().errors ?? [],
  }));
  const others = around.map((one) => ({ where: file, isTest: false, errors: one.errors() }));
  return {
    file,
    passed: tests.filter((test) => test.result().state === 'passed').length,
    told: [...failures, ...others].flatMap(({ where, isTest, errors }) =>
      errors.map(({ name = 'Error', message }): Told => ({ where, isTest, name, message })),
    ),
  };
}
