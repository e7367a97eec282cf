import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectationsOf, outcomesOf, surprises, tally } from './outcomes.ts';

const mark = '\x16';

describe('what a test program printed', () => {
  it('comes down to how each of its tests ended', () => {
    const printed = [
      ...[`${mark}=== RUN   TestA`, `${mark}=== RUN   TestA/sub`],
      ...[`    ${mark}--- FAIL: TestA/sub (0.1s)`, `Enter password: ${mark}--- PASS: TestA (0.2s)`],
      ...[`${mark}=== RUN   TestB`, '--- FAIL: TestB', `${mark}--- SKIP: TestB (0.00s)`, 'PASS'],
    ].join('\n');
    expect([...outcomesOf(printed)]).toEqual([
      ['TestA', 'pass'],
      ['TestB', 'skip'],
    ]);
  });

  it('counts a test as failed that the end of the program cut off', () => {
    expect([...outcomesOf(`${mark}=== RUN   TestCut\n`)]).toEqual([['TestCut', 'fail']]);
  });
});

describe('a page of expectations', () => {
  it('says how each test ends, and why where it does not pass', () => {
    expect([...expectationsOf('# a note\n\npass TestA\nfail TestB  no such server\n')]).toEqual([
      ['TestA', { outcome: 'pass', reason: '' }],
      ['TestB', { outcome: 'fail', reason: 'no such server' }],
    ]);
  });

  it('is refused where a test does not pass and nobody says why', () => {
    expect(() => expectationsOf('skip TestA')).toThrow('TestA has no reason');
    expect(() => expectationsOf('passes TestA')).toThrow('not an expectation');
  });
});

describe('a run', () => {
  const expected = expectationsOf('pass TestA\nfail TestB  theirs\npass TestC\n');

  it('surprises by a failure, by a test that passes now, and by tests that came or went', () => {
    const seen = new Map([
      ['TestA', 'fail'],
      ['TestB', 'pass'],
      ['TestD', 'pass'],
    ] as const);
    expect(surprises(seen, expected)).toEqual([
      'TestA: fail, expected: pass',
      'TestB: pass, expected: fail',
      'TestC: gone, expected: pass',
      'TestD: pass, expected: not known',
    ]);
    expect(tally(seen)).toBe('2 passed, 1 failed, 0 skipped');
  });

  it('does not surprise where all is as expected', () => {
    const seen = new Map([
      ['TestA', 'pass'],
      ['TestB', 'fail'],
      ['TestC', 'pass'],
    ] as const);
    expect(surprises(seen, expected)).toEqual([]);
  });
});

describe('the README', () => {
  const folder = join(import.meta.dirname, 'expected');
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');

  it.each(readdirSync(folder))(
    'has the figures of %s, and each test that does not pass',
    (page) => {
      const expected = expectationsOf(readFileSync(join(folder, page), 'utf8'));
      const outcomes = new Map([...expected].map(([name, { outcome }]) => [name, outcome]));
      expect(readme).toContain(tally(outcomes));
      for (const [name, { outcome }] of expected) {
        if (outcome !== 'pass') expect(readme).toContain(name.split('.').at(-1));
      }
    },
  );
});
