import { type Finding, statusOf } from './finding.ts';

/** What Prometheus is told of a run, by the name of each metric; names stay, since alerts are written on them. */
const told = {
  sigstand_check_failed: 'Whether a check of sigstand status fails.',
  sigstand_check_warned: 'Whether a check of sigstand status warns.',
  sigstand_status_exit_status: 'The exit status of the run: 0, or the gravest kind of failure.',
  sigstand_status_timestamp_seconds: 'When the run was, in seconds since 1970.',
} as const;

/** The names of the metrics. */
export const metricNames = Object.keys(told);

/** A sample: its labels, and its value. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The findings in Prometheus' text format. A check that could not be made has no sample: another one fails then. */
export function metrics(findings: readonly Finding[], now: Date): string {
  const made = findings.filter(({ outcome }) => outcome !== 'none');
  const samples: Readonly<Record<keyof typeof told, readonly Sample[]>> = {
    sigstand_check_failed: each(made, 'fail'),
    sigstand_check_warned: each(made, 'warn'),
    sigstand_status_exit_status: [[{}, statusOf(findings)]],
    sigstand_status_timestamp_seconds: [[{}, Math.floor(now.getTime() / 1_000)]],
  };
  return Object.entries(samples)
    .map(([name, list]) => family(name as keyof typeof told, list))
    .join('');
}

/** One sample for each check and subject, as Prometheus refuses two: 1 where any of its findings is so. */
function each(findings: readonly Finding[], outcome: Finding['outcome']): Sample[] {
  const values = new Map<string, Sample>();
  for (const { check, subject, outcome: own } of findings) {
    const key = JSON.stringify([check, subject]);
    const before = values.get(key)?.[1] ?? 0;
    values.set(key, [{ check, subject }, Math.max(before, Number(own === outcome))]);
  }
  return [...values.values()];
}

function family(name: keyof typeof told, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  });
  return `# HELP ${name} ${told[name]}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

/** A label's value: Prometheus knows three escapes. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
