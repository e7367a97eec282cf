import { it } from 'vitest';
import type { Controller } from './guide.ts';

/** Checks of each controller, counted when they are written down and when they pass. */
export interface Score {
  check(controller: Controller, title: string, body: () => Promise<void>): void;
  sum(): { passed: number; total: number; text: string };
}

export function openScore(): Score {
  const counts = new Map<Controller, { passed: number; total: number }>();
  return {
    check(controller, title, body) {
      const count = counts.get(controller) ?? { passed: 0, total: 0 };
      counts.set(controller, count);
      count.total += 1;
      it(title, async () => {
        await body();
        count.passed += 1;
      });
    },
    sum() {
      const all = [...counts];
      const add = (of: 'passed' | 'total') => all.reduce((sum, [, count]) => sum + count[of], 0);
      const text = all.map(([name, { passed, total }]) => `${name} ${passed}/${total}`).join(', ');
      return { passed: add('passed'), total: add('total'), text };
    },
  };
}
