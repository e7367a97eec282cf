import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/* The tables of faults in test/faults, and which tests show what they say. */

export interface Row {
  readonly number: string;
  readonly fault: string;
  readonly outcome: string;
  readonly shownBy: string;
}

/** The pages, each with the numbers that its rows must have. */
export const pages = [
  { page: 'every-job.md', numbers: numbered(18, 'G') },
  { page: 'per-job.md', numbers: numbered(50) },
  { page: 'bad-inputs.md', numbers: numbered(39) },
];

function numbered(most: number, prefix = ''): string[] {
  return Array.from({ length: most }, (_, index) => `${prefix}${index + 1}`);
}

/** The rows of a page's table `| # | fault | outcome | shown by |`. */
export function rowsOf(page: string): Row[] {
  return readFileSync(join(import.meta.dirname, 'faults', page), 'utf8')
    .split('\n')
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')))
    .filter(([, number = '']) => /^G?\d+$/.test(number))
    .map(([, number = '', fault = '', outcome = '', shownBy = '', ...rest]) => {
      if (rest.length !== 1) throw new Error(`${page}, row ${number}: not four columns`);
      return { number, fault, outcome, shownBy };
    });
}

/** Why a row has no test; undefined where it should have one. */
export function reasonIn({ shownBy }: Row): string | undefined {
  return /^does not apply: (.*)$/.exec(shownBy)?.[1];
}

/** A test that a row names: its file, and words of its title. */
export interface Pointer {
  readonly text: string;
  readonly path: string;
  readonly title: string;
}

export function pointersIn(row: Row): Pointer[] {
  if (reasonIn(row) !== undefined) return [];
  return row.shownBy.split('; ').map((text) => {
    const [, path = '', title = ''] = /^`?([\w./-]+\.ts): (.+?)`?$/.exec(text) ?? [];
    return { text, path, title };
  });
}

/** A test as it was run: its title with those of its suites, and what became of it. */
export interface Ran {
  readonly fullName: string;
  readonly state: string;
}

/**
 * What the rows say is shown by tests and is not: no test of that title ran, or one of them was left out.
 * Files that did not run at all are nobody's business here.
 */
export function unshown(rows: readonly Row[], ran: ReadonlyMap<string, readonly Ran[]>): string[] {
  return rows.flatMap(pointersIn).flatMap(({ path, title, text }) => {
    const pattern = patternOf(title);
    const named = ran.get(path)?.filter(({ fullName }) => pattern.test(fullName));
    if (named === undefined) return [];
    if (named.length === 0) return [`no test ran: ${text}`];
    const left = named.filter(({ state }) => state !== 'passed' && state !== 'failed');
    return left.map(({ fullName }) => `left out: ${path}: ${fullName}`);
  });
}

/** Words of a title, in which `%s` or `$name` is what stands there for each case. */
function patternOf(title: string): RegExp {
  const literal = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(
    title
      .split(/%[sdifjoO#]|\$[\w.]+/)
      .map(literal)
      .join('.*'),
    's',
  );
}
