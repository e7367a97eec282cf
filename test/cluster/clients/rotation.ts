import { openPage } from '../page.ts';
import type { Rig } from '../rig.ts';

/** The sections of docs/rotation.md that are done by kubectl. */
export type Section =
  | "Fulcio's CA"
  | "Rekor's key"
  | "The CT log's key"
  | 'The timestamp authority'
  | 'Telling the clients'
  | 'The root of the TUF repository'
  | 'Root keys that people keep';

const page = openPage('rotation.md');

/** The headings of the sections with commands, but for those of the CLI, which `test/rotate` runs. */
export function sectionsWithCommands(): string[] {
  return page.sections.filter((section) => !page.commands(section).startsWith('npx '));
}

/** Runs the commands of a section, in a folder that is a clone. */
export function follow(cluster: Rig, folder: string, section: Section): Promise<string> {
  return page.follow(cluster, folder, section);
}
