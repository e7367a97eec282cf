import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cluster/rig.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/**
 * The commands that the README shows first after some words of it.
 *
 * @throws {Error} Where the words are not there, or no commands follow.
 */
export function commandsAfter(words: string): string {
  const [, text] = readme.split(words);
  const [block] = /^(?: {4}.*\n)+/m.exec(text ?? '') ?? [];
  if (block === undefined) throw new Error(`the README has no commands after "${words}"`);
  return block.replace(/^ {4}/gm, '');
}
