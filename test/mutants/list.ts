import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listedIn, type Mutant } from './mutant.ts';

const folder = join(import.meta.dirname, 'list');

/** All changes that the tests must notice. */
export const mutants: readonly Mutant[] = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort()
  .flatMap((name) => listedIn(readFileSync(join(folder, name), 'utf8'), name));
