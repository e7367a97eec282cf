import { type Finding, statusOf } from './finding.ts';

const mark = { ok: 'ok', warn: 'WARN', fail: 'FAIL', none: '-' } as const;

/** The findings as a table: what is wrong last, where a terminal shows it, with what to do below each line. */
export function table(findings: readonly Finding[]): string {
  const order = ['ok', 'none', 'warn', 'fail'];
  const rows = [...findings].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  const width = (of: (one: Finding) => string) => Math.max(0, ...rows.map((one) => of(one).length));
  const [check, subject] = [width((one) => one.check), width((one) => one.subject)];
  const lines = rows.flatMap((one) => [
    `${mark[one.outcome].padEnd(4)}  ${one.check.padEnd(check)}  ${one.subject.padEnd(subject)}  ${oneLine(one.says)}`,
    ...(one.todo ? [`      ${''.padEnd(check)}  -> ${oneLine(one.todo)}`] : []),
  ]);
  return `${lines.join('\n')}\n`;
}

/** The findings for programs; names stay. */
export function report(findings: readonly Finding[]): string {
  return `${JSON.stringify({ exitStatus: statusOf(findings), checks: findings }, null, 1)}\n`;
}

/** Who fails, for the line by which the process ends. */
export function summary(findings: readonly Finding[]): string {
  const failing = findings.filter(({ outcome }) => outcome === 'fail');
  const names = [...new Set(failing.map(({ check }) => check))].join(', ');
  return `${failing.length} of ${findings.length} checks fail: ${names}`;
}

/** Nothing that a service said may break the table, or move a terminal's cursor. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' ');
}
