/** An error of a test, or of what is around it: a file that is loaded, a hook. */
export interface Told {
  readonly where: string;
  readonly isTest: boolean;
  readonly name: string;
  readonly message: string;
}

/** What became of one test file. */
export interface FileReport {
  readonly file: string;
  readonly passed: number;
  readonly told: readonly Told[];
}

/**
 * What a test file says of a tree: all of it `passed`, one `failed` by an assertion, or it did not get as
 * far as that: a file that cannot be loaded, a name that is not defined, no test at all.
 */
export interface Verdict {
  readonly outcome: 'passed' | 'failed' | 'broken';
  readonly why: string;
  /** The test that failed, where it was one. */
  readonly by?: Killer;
}

/** A test, by its file and its name in it. */
export interface Killer {
  readonly file: string;
  readonly test: string;
}

/** The verdict of one file; no report is a run that did not end. */
export function judge(report: FileReport | undefined): Verdict {
  if (report === undefined) return { outcome: 'broken', why: 'it did not end' };
  const { file, passed, told } = report;
  const why = ({ where, name, message }: Told) =>
    `${file}: ${where}: ${name}: ${message.split('\n')[0]}`;
  const failed = told.find(isFinding);
  if (failed) {
    const by = { file, test: failed.where };
    return { outcome: 'failed', why: why(failed), ...(failed.isTest && { by }) };
  }
  const [other] = told;
  if (other) return { outcome: 'broken', why: why(other) };
  if (passed === 0) return { outcome: 'broken', why: `${file}: no test passed` };
  return { outcome: 'passed', why: '' };
}

/**
 * What no assertion says, and no error that the program itself knows: a change that an editor or the
 * compiler would not let through, a test that hangs, a machine that was too busy to start a program.
 */
const crash = /^(Error|SyntaxError|ReferenceError|TypeError|RangeError|\w+TimeoutError)$/;

/** Around the tests, an assertion alone: any other error may be that of a file that cannot be loaded. */
function isFinding({ isTest, name, message }: Told): boolean {
  if (name === 'AssertionError') return true;
  // `rejects` says so without a name of its own, and openssl by its exit status.
  return (
    isTest &&
    (!crash.test(name) || /^(promise (resolved|rejected) |Command failed: )/.test(message))
  );
}
