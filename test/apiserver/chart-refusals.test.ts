import { beforeAll, describe, expect, it } from 'vitest';
import { reasonIn, refused } from '../chart/refused.ts';
import { rendered } from '../chart/sets.ts';

type Outcome = Awaited<ReturnType<typeof rendered>>;
let outcomes: Outcome[];
beforeAll(async () => {
  outcomes = await Promise.all(refused.map(([values]) => rendered(values)));
});

const rows = refused.map(([values, path, reason], index) => ({
  title: JSON.stringify(values).slice(0, 90),
  ...{ path, reason, index },
}));

describe('values that cannot be', () => {
  it.each(rows)('are refused before anything is rendered: $title', ({ path, reason, index }) => {
    const { status, stdout, stderr } = outcomes[index]!;
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(reasonIn(stderr, path) ?? `no line for ${path}: ${stderr}`).toMatch(reason);
  });
});
