/** One line of the project, changed for the worse. */
export interface Mutant {
  /** From the project's root. */
  readonly file: string;
  /** What stands there, once in the whole file. */
  readonly from: string;
  readonly to: string;
  /** What a user would suffer. */
  readonly hurts: string;
  /** Test files that should fail. */
  readonly killers: readonly string[];
}

/** What changes in one place: what stands there, what takes its place, and what a user would suffer. */
export type Changes = readonly (readonly [from: string, to: string, hurts: string])[];

/** The changes of one file that the same tests should notice. */
export function inFile(file: string, killers: readonly string[], changes: Changes): Mutant[] {
  return changes.map(([from, to, hurts]) => ({ file, from, to, hurts, killers }));
}

/** How often a text stands in another. */
export function occurrences(text: string, part: string): number {
  return part === '' ? 0 : text.split(part).length - 1;
}

/**
 * The file's text with the change in it.
 *
 * @throws {Error} Where what should be changed is not there exactly once: the list is stale.
 */
export function mutated(text: string, { file, from, to }: Mutant): string {
  const count = occurrences(text, from);
  if (count !== 1) throw new Error(`stale: ${file} has ${count} times: ${from}`);
  return text.replace(from, () => to);
}
