import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Rig, root } from '../rig.ts';

/** The sections of docs/rotation.md that have commands. */
export type Section =
  | "Fulcio's CA"
  | "Rekor's key"
  | "The CT log's key"
  | 'The timestamp authority'
  | 'Telling the clients'
  | 'The root of the TUF repository'
  | 'Root keys that people keep';

const page = readFileSync(join(root, 'docs/rotation.md'), 'utf8');

const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);

/** The headings of those sections, as the page has them. */
export function sectionsWithCommands(): string[] {
  return headings.filter((heading) => linesOf(heading).length > 0);
}

function linesOf(heading: string): string[] {
  const [, text = ''] = page.split(`\n## ${heading}\n`);
  const [own = ''] = text.split('\n## ');
  return commandsIn(own);
}

function commandsIn(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('    '));
}

/** The function that the page begins with and the commands of a section, as somebody would copy them. */
function commandsOf(section: Section): string {
  const lines = linesOf(section);
  if (lines.length === 0) throw new Error(`docs/rotation.md has no commands under ${section}`);
  const [introduction = ''] = page.split('\n## ');
  return [...commandsIn(introduction), ...lines].map((line) => line.slice(4)).join('\n');
}

/**
 * Runs the commands of a section, in a folder that has `dist`;
 * resolves to what they printed.
 *
 * @throws {Error} With all of that, where one of them fails.
 */
export function follow(cluster: Rig, folder: string, section: Section): Promise<string> {
  const script = `set -euo pipefail; cd "$0"; ${commandsOf(section)}`;
  return cluster.mustExec(['bash', '-c', script, folder], { timeout: 300_000 });
}
