import { arch, cpus, platform, release, totalmem } from 'node:os';
import { type Figure, type Goal, held, ratios, type Spread, spread, verdict } from './figure.ts';

/** What a run could not measure, and why. */
export interface Missing {
  readonly what: string;
  readonly why: string;
}

export interface Report {
  /** RFC 3339. */
  readonly date: string;
  readonly profile: string;
  /** The machine in words. */
  readonly machine: string;
  /** The peer's release and commit, where it was beside us. */
  readonly peer?: string;
  readonly figures: readonly Figure[];
  readonly missing: readonly Missing[];
}

/** Processors, memory and kernel of this machine. */
export function machine(): string {
  const processors = cpus();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const model = processors[0]?.model.trim() || arch();
  return `${processors.length} cores (${model}), ${gibibytes} GiB, ${platform()} ${release()}`;
}

/** The report as Markdown: a row for each figure, a line for each thing that was not measured. */
export function table({ date, profile, machine, peer, figures, missing }: Report): string {
  const head = [
    `${date}, profile ${profile}, ${machine}${peer ? `; the peer: ${peer}` : '; no peer'}`,
    '',
    '| | figure | ours: min / median / max (n) | peer | ours ÷ peer | goals | anchor |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  const rows = figures.map((figure) => `| ${cells(figure).join(' | ')} |`);
  const notes = figures
    .filter(({ note }) => note)
    .map(({ id, title, note }) => `- ${id}, ${title}: ${note}`);
  const left = missing.map(({ what, why }) => `- not measured: ${what} (${why})`);
  return [...head, ...rows, '', ...new Set([...notes, ...left])].join('\n').trimEnd();
}

function cells(figure: Figure): string[] {
  const { id, title, unit, ours, peer = [], goals = [], anchor = '' } = figure;
  const all = ratios(figure);
  return [
    id,
    unit ? `${title}, ${unit}` : title,
    shown(spread(ours), ours.length),
    peer.length > 0 ? shown(spread(peer), peer.length) : '',
    all.length > 0 ? short(spread(all).median) : '',
    goals.map((goal) => reached(figure, goal)).join('; '),
    anchor,
  ].map((cell) => cell.replaceAll('|', '\\|'));
}

function shown({ min, median, max }: Spread, count: number): string {
  if (count === 1) return short(median);
  return `${short(min)} / **${short(median)}** / ${short(max)} (${count})`;
}

function reached(figure: Figure, goal: Goal): string {
  const what = goal.of === 'median' ? '' : `${goal.of} `;
  const limit = `${goal.id} ${what}≤ ${short(goal.atMost)}`;
  const value = held(figure, goal);
  return value === undefined ? `${limit}: not measured` : `${limit}: ${verdict(figure, goal)}`;
}

/** Three digits are what such a measurement can bear; whole numbers stay whole. */
function short(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000)
    return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** The report for programs: each figure with its spread, its ratios and its verdicts. */
export function json(report: Report): string {
  const figures = report.figures.map((figure) => ({
    ...figure,
    spread: spread(figure.ours),
    ...(figure.peer?.length && { peerSpread: spread(figure.peer), ratios: ratios(figure) }),
    goals: figure.goals?.map((goal) => ({
      ...goal,
      value: held(figure, goal),
      verdict: verdict(figure, goal),
    })),
  }));
  return `${JSON.stringify({ ...report, figures }, null, 2)}\n`;
}
