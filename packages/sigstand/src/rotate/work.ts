import type { Stuck } from './next.ts';

/** A rotation, looked at and not begun. */
export interface Work {
  readonly what: string;
  /** What it is called in a sentence. */
  readonly title: string;
  /** What is there before, in a word. */
  readonly from: string;
  readonly underWay: boolean;
  readonly plan: readonly (Told | Stuck)[];
  /** Does what is left of it, and looks after each step. @throws {JobError} */
  run(report: Report): Promise<void>;
}

/** A step, and what it does. */
export interface Told {
  readonly step: string;
  readonly says: string;
}

/** Told of each step that was done, and how many milliseconds it took. */
export type Report = (step: string, milliseconds: number) => void;

/** The plan, a line for each step. */
export function planText({ title, from, underWay, plan }: Work): string {
  const what = underWay ? `a rotation of ${title} is under way` : `rotates ${title}`;
  const lines = plan.map((step, index) =>
    'stuck' in step
      ? `  !! ${step.stuck}`
      : `  ${String(index + 1).padStart(2)}  ${step.step.padEnd(9)} ${step.says}`,
  );
  return `${what}, from ${from}:\n${lines.join('\n')}\n`;
}

/** A step that is done. */
export function doneText(step: string, milliseconds: number): string {
  return `  ok  ${step.padEnd(9)} ${(milliseconds / 1_000).toFixed(1)} s\n`;
}
