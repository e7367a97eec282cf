import { relative } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { pages, rowsOf, unshown } from './matrix.ts';

/** Fails a run in which a test that the tables of faults point at was renamed, or left out. */
export default class MatrixReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // Of a part of the tests nothing follows.
    if (this.#vitest === undefined || this.#vitest.getGlobalTestNamePattern()) return;
    const { root } = this.#vitest.config;
    const ran = new Map(
      modules.map(({ moduleId, children }) => [
        relative(root, moduleId),
        [...children.allTests()].map((test) => ({
          fullName: test.fullName,
          state: test.result().state,
        })),
      ]),
    );
    const wrong = unshown(
      pages.flatMap(({ page }) => rowsOf(page)),
      ran,
    );
    if (wrong.length === 0) return;
    process.exitCode = 1;
    process.stderr.write(`test/faults points at tests that do not run:\n${wrong.join('\n')}\n`);
  }
}
