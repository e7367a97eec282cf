import type { Outcome } from './outcome.ts';

/** A step that is done, and when. */
export function stepText(step: string, milliseconds: number): string {
  return `  ✔ ${step.padEnd(46)} ${(milliseconds / 1_000).toFixed(1).padStart(6)} s\n`;
}

/** What was changed, in a sentence. */
export function changes(outcomes: ReadonlyMap<string, Outcome>): string {
  const count = (outcome: Outcome) =>
    [...outcomes.values()].filter((one) => one === outcome).length;
  const words = [
    [count('created'), 'created'],
    [count('changed'), 'changed'],
    [count('remade'), 'made anew'],
  ] as const;
  const told = words.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return told.length === 0
    ? 'The stack was running: nothing was changed.\n'
    : `Of ${outcomes.size} objects: ${told.join(', ')}.\n`;
}
