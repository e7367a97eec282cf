import { describe, expect, it } from 'vitest';
import { blocks } from './chart/restricted/quota.ts';
import { pods } from './stack.ts';

const units = { m: 1 / 1_000, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 } as const;

/** Cores, or bytes. */
function amount(quantity: string | number): number {
  const [, number = '', unit = ''] = /^([\d.]+)(m|Ki|Mi|Gi)?$/.exec(String(quantity)) ?? [];
  return Number(number) * (units[unit as keyof typeof units] ?? 1);
}

describe('docs/restricted-clusters.md', () => {
  const containers = pods.flatMap(({ spec }) => [
    ...(spec.initContainers ?? []),
    ...spec.containers,
  ]);
  const [{ spec } = { spec: { limits: [] } }] = blocks.filter(({ kind }) => kind === 'LimitRange');
  const [range] = spec.limits;

  it.each(['cpu', 'memory'] as const)(
    'has a LimitRange that leaves room for each container, and no more: %s',
    (what) => {
      const asked = containers.map(({ resources }) => amount(resources.requests[what]));
      const allowed = containers.map(({ resources }) => amount(resources.limits[what]));
      expect(amount(range.min[what])).toBe(Math.min(...asked));
      expect(amount(range.max[what])).toBe(Math.max(...allowed));
      const ratios = allowed.map((most, index) => most / asked[index]!);
      expect(Number(range.maxLimitRequestRatio[what])).toBe(Math.max(...ratios));
    },
  );
});
