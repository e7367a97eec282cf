import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, pointersIn, type Ran, type Row, reasonIn, rowsOf, unshown } from './matrix.ts';

const root = join(import.meta.dirname, '..');

describe.each(pages)('the faults in $page', ({ page, numbers }) => {
  const rows = rowsOf(page);

  it('are all there, each once', () => {
    expect(rows.map(({ number }) => number)).toEqual(numbers);
  });

  // That these tests run, and pass, is seen by matrix-reporter.ts where they do.
  it.each(rows)('$number: names tests of files that exist, or a reason', (row) => {
    const reason = reasonIn(row);
    if (reason !== undefined) expect(reason.length).toBeGreaterThan(20);
    else expect(pointersIn(row).length).toBeGreaterThan(0);
    const bad = pointersIn(row).filter(
      ({ path, title }) => title === '' || !existsSync(join(root, path)),
    );
    expect(bad).toEqual([]);
    expect(row.fault).not.toBe('');
    expect(row.outcome).not.toBe('');
  });
});

describe('a row that points at a test', () => {
  const ran = new Map<string, readonly Ran[]>([
    [
      'test/a.test.ts',
      [
        { fullName: 'a suite > row 1: one > works', state: 'passed' },
        { fullName: 'a suite > takes 5 (five)', state: 'failed' },
        { fullName: 'another > is skipped', state: 'skipped' },
      ],
    ],
  ]);
  const pointing = (shownBy: string): Row => ({ number: '1', fault: '', outcome: '', shownBy });

  it.each([
    ['`test/a.test.ts: works`', []],
    ['`test/a.test.ts: row 1: one`; `test/a.test.ts: takes %i (five)`', []],
    ['`test/a.test.ts: takes $number.value (f`', []],
    ['`test/a.test.ts: was renamed`', ['no test ran: `test/a.test.ts: was renamed`']],
    ['`test/a.test.ts: is skipped`', ['left out: test/a.test.ts: another > is skipped']],
    ['`test/not-in-this-run.test.ts: works`', []],
    ['does not apply: for this reason', []],
  ])('is held to it: %s', (shownBy, found) => {
    expect(unshown([pointing(shownBy)], ran)).toEqual(found);
  });
});
