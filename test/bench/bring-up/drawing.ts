import type { Lane, Mark } from './lanes.ts';

const columns = 96;

/** The Pods as bars over time, then every time as a number, then what others waited for, in its order. */
export function drawing(lanes: readonly Lane[], marks: readonly Mark[], end: number): string {
  const width = Math.max(...lanes.map(({ pod }) => shortened(pod).length));
  const bars = lanes.map((lane) => `${shortened(lane.pod).padEnd(width)} |${bar(lane, end)}|`);
  return [
    `${''.padEnd(width)} ${scale(end)}`,
    ...bars,
    '  - not scheduled   . volumes and sandbox   i init container   = started, or a Job at work   # ready',
    '',
    ...lanes.map((lane) => `${shortened(lane.pod).padEnd(width)} ${numbers(lane)}`),
    '',
    ...marks.map(({ at, what }) => `${ms(at).padStart(7)}  ${what}`),
  ].join('\n');
}

/** Without what a Job or ReplicaSet appends to its Pods' names. */
export function shortened(pod: string): string {
  return pod.replace(/-system\//, '/').replace(/(-[a-f0-9]{8,10})?-[a-z0-9]{5}$/, '');
}

const ms = (time: number) => time.toFixed(0);

function numbers({ created, scheduled, sandbox, containers, ready }: Lane): string {
  const parts = [`created ${ms(created)}`];
  if (scheduled !== undefined) parts.push(`scheduled ${ms(scheduled)}`);
  if (sandbox !== undefined) parts.push(`sandbox ${ms(sandbox)}`);
  for (const { name, init, started, exited, restarts } of containers) {
    const title = init ? `init ${name}` : name;
    if (started === undefined) continue;
    const until = exited === undefined ? '' : `-${ms(exited)}`;
    parts.push(`${title} ${ms(started)}${until}${restarts > 0 ? ` (${restarts} restarts)` : ''}`);
  }
  if (ready !== undefined) parts.push(`ready ${ms(ready)}`);
  return parts.join(', ');
}

function bar(lane: Lane, end: number): string {
  const { created, scheduled = end, containers, phase, ready = Number.POSITIVE_INFINITY } = lane;
  const main = containers.filter(({ init }) => !init);
  const gone = Math.max(...main.map(({ exited = Number.POSITIVE_INFINITY }) => exited));
  const began = Math.min(...main.map(({ started = Number.POSITIVE_INFINITY }) => started));
  const initially = containers.filter(({ init }) => init);
  return Array.from({ length: columns }, (_, column) => {
    const at = ((column + 0.5) * end) / columns;
    if (at < created || at >= gone) return ' ';
    if (at >= ready && phase !== 'Succeeded') return '#';
    if (at >= began) return '=';
    if (initially.some(({ started = end, exited = end }) => at >= started && at < exited))
      return 'i';
    return at < scheduled ? '-' : '.';
  }).join('');
}

/** A number at every second, where there is room. */
function scale(end: number): string {
  const step = end > 20_000 ? 5_000 : 1_000;
  let line = '';
  for (let at = 0; at <= end; at += step) {
    line = `${line.padEnd(Math.round((at * columns) / end))} ${at / 1000}`;
  }
  return `${line} s`;
}
