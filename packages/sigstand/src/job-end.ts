import { exitStatus, type Failure } from '@sigstand/job/errors';

/** How a Job ended, by its exit status. */
export function failureOf(status: number): Failure {
  const failures = Object.entries(exitStatus) as [Failure, number][];
  return failures.find(([, number]) => number === status)?.[0] ?? 'tryAgain';
}

/** What the last line of a Job's log says that is an error, and what to do by it; undefined where there is none. */
export function lastWordsIn(log: string): { message: string; hint: string } | undefined {
  // Lines before it, of what the Job has waited for, may quote errors of others.
  const said = log.split('\n').flatMap((line) => errorIn(line.trim()) ?? []);
  const last = said.at(-1);
  if (last === undefined) return undefined;
  const cut = last.lastIndexOf('; ');
  return cut < 0
    ? { message: last, hint: '' }
    : { message: last.slice(0, cut), hint: last.slice(cut + 2) };
}

/** The same, for who has to say something. */
export function saidIn(log: string): { message: string; hint: string } {
  return lastWordsIn(log) ?? { message: 'it did not say why', hint: 'look at its log' };
}

function errorIn(line: string): string | undefined {
  return /^(?:[\w -]+: )?error: (.+)$/.exec(line.startsWith('{') ? messageIn(line) : line)?.[1];
}

/** The message of a line of the log that is JSON. */
function messageIn(line: string): string {
  try {
    return String(JSON.parse(line).message);
  } catch {
    return '';
  }
}
