import { describe, expect, it } from 'vitest';
import { type Figure, held, spread, verdict } from './figure.ts';
import { json, type Report, table } from './report.ts';

const figure: Figure = {
  ...{ id: 'B4', title: 'POST to Complete', unit: 'ms', anchor: '2.9 s' },
  ours: [3000, 3300, 3600],
  peer: [3000, 3000, 4000],
  goals: [
    { id: 'P7', of: 'ratio', atMost: 1.1 },
    { id: 'P0', of: 'max', atMost: 3500 },
  ],
};

describe('a figure', () => {
  it('has a spread, whatever the order and the number of its values', () => {
    expect(spread([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
    expect(() => spread([])).toThrow('nothing was measured');
  });

  it('is compared pair by pair', () => {
    const [ratio] = figure.goals!;
    expect(held(figure, ratio!)).toBe(1);
    expect(verdict(figure, ratio!)).toBe('reached');
    expect(verdict(figure, { ...ratio!, atMost: 0.99 })).toBe('missed');
  });

  it('is equal to another that is nothing as well', () => {
    expect(held({ ...figure, ours: [0], peer: [0] }, figure.goals![0]!)).toBe(1);
  });

  it('reaches no ratio where nobody stood beside it', () => {
    const { peer, ...alone } = figure;
    expect(verdict(alone, figure.goals![0]!)).toBe('not measured');
  });

  it('is held to its worst value where the goal says so', () => {
    expect(verdict(figure, figure.goals![1]!)).toBe('missed');
  });
});

describe('a report', () => {
  const report: Report = {
    ...{ date: '2026-01-02T03:04:05Z', profile: 'full', machine: 'two cores', peer: 'v1' },
    figures: [figure, { id: 'B2', title: 'failed Pods', unit: '', ours: [0], note: 'a count' }],
    missing: [{ what: 'the moon', why: 'it was cloudy' }],
  };

  it('has a row for each figure, and says what is missing', () => {
    expect(table(report).split('\n')).toEqual([
      '2026-01-02T03:04:05Z, profile full, two cores; the peer: v1',
      '',
      expect.stringContaining('ours ÷ peer'),
      expect.stringMatching(/^[| -]+$/),
      '| B4 | POST to Complete, ms | 3,000 / **3,300** / 3,600 (3) | 3,000 / **3,000** / 4,000 (3) | 1 | P7 ratio ≤ 1.1: reached; P0 max ≤ 3,500: missed | 2.9 s |',
      '| B2 | failed Pods | 0 |  |  |  |  |',
      '',
      '- B2, failed Pods: a count',
      '- not measured: the moon (it was cloudy)',
    ]);
  });

  it('says the same to programs', () => {
    const { figures } = JSON.parse(json(report)) as { figures: Record<string, unknown>[] };
    expect(figures[0]).toMatchObject({
      spread: { min: 3000, median: 3300, max: 3600 },
      ratios: [1, 1.1, 0.9],
      goals: [{ verdict: 'reached' }, { verdict: 'missed', value: 3600 }],
    });
  });
});
