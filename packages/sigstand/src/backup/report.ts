import type { Manifest } from './manifest.ts';

/** A backup, and the file that has it. */
export interface Made {
  readonly manifest: Manifest;
  readonly file: string;
  readonly size: number;
  /** To how many it is encrypted; none is not at all. */
  readonly recipients: number;
}

/** What a backup holds, for who makes it and for who restores it. */
export const summary = {
  json({ manifest, ...rest }: Made): object {
    const { parts, ...said } = manifest;
    return { ...rest, ...said, parts: parts.length };
  },
  text({ manifest, file, size, recipients }: Made): string {
    const sealed =
      recipients > 0
        ? `encrypted to ${recipients} ${recipients === 1 ? 'recipient' : 'recipients'}`
        : 'NOT ENCRYPTED: keep it as you keep keys';
    return lines([[file, `${size} bytes, ${sealed}`], ...rows(manifest)]);
  },
};

/** The lines that tell what is in a backup. */
export function rows({ made, stack, timestamp, database }: Manifest): [string, string][] {
  const { rekorTree, ctlogTree, rekorShards = [], ctlogShards = [] } = stack;
  const before = (trees: readonly string[], name: string) =>
    Object.fromEntries(trees.map((tree) => [tree, `${name}, before`]));
  const names: Record<string, string> = {
    ...{ ...before(rekorShards, 'Rekor'), ...before(ctlogShards, 'the CT log') },
    ...{ [rekorTree]: 'Rekor', [ctlogTree]: 'the CT log' },
  };
  const logs: [string, string][] =
    database === 'external'
      ? [['database', 'not in it: external']]
      : database.heads.map(({ tree, size, root }) => [
          'tree',
          `${tree} (${names[tree] ?? 'of no log now'}): ${size} entries, root hash ${root}`,
        ]);
  return [
    ['made', made],
    ['first root', stack.firstRoot],
    ['timestamp', `version ${timestamp} of the TUF repository`],
    ...logs,
  ];
}

/** Lines of two columns. */
export function lines(all: readonly (readonly [string, string])[]): string {
  const width = Math.max(...all.map(([name]) => name.length));
  return all.map(([name, said]) => `${name.padEnd(width)}  ${said}\n`).join('');
}
