/** How a test ended. */
export type Outcome = 'pass' | 'fail' | 'skip';

/** Tests by name, and how each ended. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/**
 * The top-level tests of what a test program printed with `-test.v=test2json`: a byte 0x16 stands before each line of the
 * framework's own, wherever on a line a test's own words ended.
 *
 * A test that began and has no end was cut off, with the program: it has failed.
 */
export function outcomesOf(printed: string): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  for (const line of printed.split('\x16').slice(1)) {
    const [, ended = 'FAIL', test] = /^ *(?:=== RUN|--- ([A-Z]+):) +(\S+)/.exec(line) ?? [];
    if (test !== undefined && !test.includes('/')) outcomes.set(test, words[ended] ?? 'fail');
  }
  return outcomes;
}

const words: Readonly<Record<string, Outcome>> = { PASS: 'pass', FAIL: 'fail', SKIP: 'skip' };

/** What is expected of a test, and for `fail` and `skip` why. */
export interface Expected {
  readonly outcome: Outcome;
  readonly reason: string;
}

/**
 * A page of expectations: on each line an outcome, a test and, where it does not pass, the reason.
 *
 * @throws {Error} Where a line is none, or a test that does not pass has no reason.
 */
export function expectationsOf(page: string): Map<string, Expected> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, outcome, test, reason = ''] =
        /^(pass|fail|skip) (\S+)(?: +(\S.*))?$/.exec(line) ?? [];
      if (test === undefined) throw new Error(`not an expectation: ${line}`);
      if (outcome !== 'pass' && reason === '') throw new Error(`${test} has no reason`);
      return [test, { outcome: outcome as Outcome, reason }];
    }),
  );
}

/** Each test that ended otherwise than is expected: what is new and what has vanished among them. */
export function surprises(seen: Outcomes, expected: ReadonlyMap<string, Expected>): string[] {
  const names = [...new Set([...expected.keys(), ...seen.keys()])].sort();
  return names.flatMap((name) => {
    const was = expected.get(name)?.outcome ?? 'not known';
    const is = seen.get(name) ?? 'gone';
    return was === is ? [] : [`${name}: ${is}, expected: ${was}`];
  });
}

/** `65 passed, 0 failed, 2 skipped`. */
export function tally(outcomes: Outcomes): string {
  const count = (wanted: Outcome) =>
    [...outcomes.values()].filter((outcome) => outcome === wanted).length;
  return `${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped`;
}
