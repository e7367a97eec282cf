import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

interface Row {
  readonly number: string;
  readonly fault: string;
  readonly outcome: string;
  readonly shownBy: string;
}

/** The rows of a page's table `| # | fault | outcome | shown by |`. */
function rowsOf(page: string): Row[] {
  return readFileSync(join(root, 'test/faults', page), 'utf8')
    .split('\n')
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')))
    .filter(([, number = '']) => /^G?\d+$/.test(number))
    .map(([, number = '', fault = '', outcome = '', shownBy = '', ...rest]) => {
      if (rest.length !== 1) throw new Error(`${page}, row ${number}: not four columns`);
      return { number, fault, outcome, shownBy };
    });
}

const pages = [
  { page: 'every-job.md', numbers: numbered(18, 'G') },
  { page: 'per-job.md', numbers: numbered(47) },
  { page: 'bad-inputs.md', numbers: numbered(39) },
];

function numbered(most: number, prefix = ''): string[] {
  return Array.from({ length: most }, (_, index) => `${prefix}${index + 1}`);
}

/** What a row points at that is not there. */
function missing({ shownBy }: Row): string[] {
  const reason = /^does not apply: (.*)$/.exec(shownBy)?.[1];
  if (reason !== undefined) return reason.length > 20 ? [] : ['a reason'];
  return shownBy.split('; ').flatMap((pointer) => {
    const [, path = '', title = ''] = /^`?([\w./-]+\.ts): (.+?)`?$/.exec(pointer) ?? [];
    const file = join(root, path);
    if (title === '' || !existsSync(file)) return [`a test file in: ${pointer}`];
    return readFileSync(file, 'utf8').includes(title) ? [] : [pointer];
  });
}

describe.each(pages)('the faults in $page', ({ page, numbers }) => {
  const rows = rowsOf(page);

  it('are all there, each once', () => {
    expect(rows.map(({ number }) => number)).toEqual(numbers);
  });

  it.each(rows)('$number: is shown by tests that exist, or does not apply for a reason', (row) => {
    expect(missing(row)).toEqual([]);
    expect(row.fault).not.toBe('');
    expect(row.outcome).not.toBe('');
  });
});
