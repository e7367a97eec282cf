import { defineConfig } from 'vitest/config';

// A test may run what sets itself up, and must not take node_modules away under the others.
process.env.SIGSTAND_INSTALL = 'no';

// unit: pure and in process. The others need the rig's programs, which scripts/test.sh builds first.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/*.test.ts', 'test/bench/**/*.test.ts'],
          // A busy machine may stand still for seconds.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'apiserver',
          include: ['test/apiserver/**/*.test.ts'],
          globalSetup: ['test/apiserver/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts', 'test/fuzz/**/*.test.ts'],
          globalSetup: ['test/faults/setup.ts'],
          testTimeout: process.env.FAULTS === 'long' ? 4 * 3_600_000 : 240_000,
          hookTimeout: 120_000,
          // Most of them wait for processes; one file's waiting is another's turn.
          maxWorkers: 2,
          maxConcurrency: 10,
        },
      },
      {
        test: {
          name: 'consumers',
          include: ['test/{consumers,conformance,fresh}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/{cluster,admission}/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'] },
  },
});
