import { defineConfig } from 'vitest/config';
import { fewRounds } from './test/few-rounds.ts';

// A test may run what sets itself up, and must not take node_modules away under the others.
process.env.SIGSTAND_INSTALL = 'no';

// Most of them wait, for Pods and for processes: four of them are to two processors a sixth faster than two.
const maxWorkers = 4;

// A test that asserts nothing shows nothing: it fails. Not where tests run at once: they share the count.
const expect = { requireAssertions: true };

/** A project that is there only where it is asked for, by a variable of its name: it takes long. */
const onDemand = (name: string, files = '*') =>
  process.env[name.toUpperCase()] === undefined
    ? []
    : [
        {
          test: {
            name,
            expect,
            include: [`test/${name}/**/${files}.test.ts`],
            testTimeout: 3_600_000,
            hookTimeout: 3_600_000,
            fileParallelism: false,
          },
        },
      ];

// unit: pure and in process. The others need the rig's programs, which scripts/test.sh builds first.
export default defineConfig({
  test: {
    reporters: ['default', './test/matrix-reporter.ts'],
    projects: [
      {
        plugins: [fewRounds()],
        test: {
          name: 'unit',
          expect,
          // Nothing here changes what is of the whole process, and a module is loaded once.
          isolate: false,
          include: [
            'packages/*/src/**/*.test.ts',
            'test/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/foreign/outcomes.test.ts',
          ],
          maxWorkers,
          // A busy machine may stand still for seconds.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        plugins: [fewRounds()],
        test: {
          name: 'apiserver',
          isolate: false,
          expect,
          include: ['test/apiserver/**/*.test.ts'],
          globalSetup: ['test/apiserver/setup.ts'],
          maxWorkers,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [fewRounds()],
        test: {
          name: 'faults',
          isolate: false,
          include: ['test/faults/**/*.test.ts', 'test/fuzz/**/*.test.ts'],
          globalSetup: ['test/faults/setup.ts'],
          testTimeout: process.env.FAULTS === 'long' ? 4 * 3_600_000 : 240_000,
          hookTimeout: 120_000,
          // Most of them wait for processes; one file's waiting is another's turn.
          maxWorkers,
          maxConcurrency: 10,
        },
      },
      {
        plugins: [fewRounds()],
        test: {
          name: 'consumers',
          isolate: false,
          expect,
          include: ['test/{consumers,conformance,fresh}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          maxWorkers,
        },
      },
      // An emulated processor is a slow one; suites and engines compile for minutes; ten set-ups, one after another.
      ...onDemand('arm64'),
      ...onDemand('foreign', 'foreign'),
      ...onDemand('action'),
      ...onDemand('chart'),
      ...onDemand('install'),
      ...onDemand('kind'),
      ...onDemand('rotate'),
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
  },
});
