import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Rig, root } from './rig.ts';

/** A page of docs/ whose sections have commands that run as they stand. */
export interface Page {
  readonly text: string;
  /** The headings of the sections that have commands. */
  readonly sections: readonly string[];
  /** The commands of a section, a line each. */
  commands(section: string): string;
  /**
   * Runs what the page begins with and the commands of a section, in a folder that has `manifests` as the
   * cluster takes them; resolves to what they printed.
   *
   * @throws {Error} With all of that, where one of them fails.
   */
  follow(cluster: Rig, folder: string, section: string): Promise<string>;
}

export function openPage(name: string): Page {
  const page = readFileSync(join(root, 'docs', name), 'utf8');
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
  const commandsIn = (text: string) => text.split('\n').filter((line) => line.startsWith('    '));
  const linesOf = (heading: string): string[] => {
    const [, text = ''] = page.split(`\n## ${heading}\n`);
    const [own = ''] = text.split('\n## ');
    return commandsIn(own);
  };
  const [introduction = ''] = page.split('\n## ');
  return {
    text: page,
    sections: headings.filter((heading) => linesOf(heading).length > 0),
    commands: (section) =>
      linesOf(section)
        .map((line) => line.slice(4))
        .join('\n'),
    follow(cluster, folder, section) {
      const lines = linesOf(section);
      if (lines.length === 0) throw new Error(`${name} has no commands under ${section}`);
      const commands = [...commandsIn(introduction), ...lines]
        .map((line) => line.slice(4))
        .join('\n');
      const script = `set -euo pipefail; cd "$0"; ${commands}`;
      return cluster.mustExec(['bash', '-c', script, folder], { timeout: 300_000 });
    },
  };
}
