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

/**
 * The mutants of a list, in blocks with an empty line between them: the `file` that changes and the
 * `test` files that should notice, for what follows; or what a user would suffer, and below it the
 * change, as diff writes it: lines that go, that come, and that stay.
 *
 * @throws {Error} Where a block is neither; `name` tells in which list.
 */
export function listedIn(text: string, name: string): Mutant[] {
  let where: Pick<Mutant, 'file' | 'killers'> = { file: '', killers: [] };
  const mutants: Mutant[] = [];
  for (const block of text.trimEnd().split('\n\n')) {
    const [first = '', ...rest] = block.split('\n');
    const file = /^file (\S+)$/.exec(first)?.[1];
    if (file === undefined) mutants.push({ ...where, hurts: first, ...changeIn(rest, name) });
    else where = { file, killers: rest.flatMap((line) => testsIn(line, name)) };
  }
  return mutants;
}

function changeIn(lines: readonly string[], name: string): Pick<Mutant, 'from' | 'to'> {
  const odd = lines.find((line) => !/^[-+ ]/.test(line));
  if (odd !== undefined || lines.length === 0) throw new Error(`${name}: no change: ${odd}`);
  const without = (sign: string) =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => line.slice(1))
      .join('\n');
  return { from: without('+'), to: without('-') };
}

/** `test a/{b,c}.test.ts` stands for two. */
function testsIn(line: string, name: string): string[] {
  const [, before = '', , names, after = ''] =
    /^test ([^{}\s]+)(\{([^{}\s]+)\})?(\S*)$/.exec(line) ?? [];
  if (before === '') throw new Error(`${name}: no test: ${line}`);
  return (names ?? '').split(',').map((one) => `${before}${one}${after}`);
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
