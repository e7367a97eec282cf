import { type KubeObject, titleOf } from '../up/objects.ts';
import type { Crowded, Removal } from './removal.ts';

/** Objects by kind: `6 Namespaces, 1 Secret`. */
export function counted(objects: readonly KubeObject[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const words = [...counts].map(([kind, count]) => `${count} ${kind}${count > 1 ? 's' : ''}`);
  return words.join(', ');
}

/** What would go and what would stay, by name. */
export function planText({ waves, kept, lost, foreign, crowded, left }: Removal): string {
  const goes = waves.flatMap(({ objects }) => objects.map(titleOf));
  return [
    ...(goes.length === 0 ? ['Nothing would go.'] : ['It would remove:', ...goes.map(indented)]),
    ...(lost.length === 0 ? [] : ['Lost for good:', ...lost.map(titleOf).map(indented)]),
    ...(kept.length === 0 ? [] : ['It would keep:', ...kept.map(titleOf).map(indented)]),
    ...(foreign.length === 0 ? [] : ['It would leave to others:', ...foreign.map(indented)]),
    ...crowded.map((one) => `It would refuse: ${crowdedText(one)}`),
    ...left.map((one) => `It would leave: ${one}`),
    '',
  ].join('\n');
}

const indented = (title: string) => `  ${title}`;

/** What others have in a namespace. */
export function crowdedText({ namespace, holds }: Crowded): string {
  return `Namespace ${namespace} holds ${named(holds)}`;
}

/** The first of many. */
export function named(titles: readonly string[]): string {
  const most = 5;
  const more = titles.length > most ? ` and ${titles.length - most} more` : '';
  return titles.slice(0, most).join(', ') + more;
}

/** What was done, in a sentence or two. */
export function doneText(removed: number, { kept, left }: Removal): string {
  const stays = kept.length > 0 ? ` Kept for the next sigstand up: ${counted(kept)}.` : '';
  const others = left.map((one) => `Left: ${one}.\n`).join('');
  if (removed === 0) return `Nothing to do: the stack is down.${stays}\n${others}`;
  return `Removed ${removed} object${removed > 1 ? 's' : ''}.${stays}\n${others}`;
}

/** What is lost for good, and what brings it back. */
export function lossText(lost: readonly KubeObject[]): string {
  return `this deletes the keys and the log for good: ${counted(lost)}; only a backup brings them back`;
}
