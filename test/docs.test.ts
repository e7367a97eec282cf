import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contract } from '@sigstand/contracts/contract';
import { records } from '@sigstand/contracts/records';
import { exitStatus } from '@sigstand/job/errors';
import { describe, expect, it } from 'vitest';
import { objectRow, saving } from './backup-page.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

/** A record as the README's table has it. */
function row({ namespace, kind, name, keys, madeBy, usedBy, public: everybody }: Contract): string {
  const held = keys.length > 0 ? keys.join(', ') : "the repository's files, flat";
  return `| ${namespace} | ${kind} ${name} | ${held} | ${madeBy} | ${usedBy} | ${everybody ? 'yes' : 'no'} |`;
}

describe('README.md', () => {
  it('has the contract as the code has it', () => {
    const table = readme.split('\n').filter((line) => /^\| [a-z]+-system \|/.test(line));
    expect(table).toEqual(records.map(row));
  });

  it.each(Object.values(exitStatus))('says what exit status %i means', (status) => {
    expect(readme).toMatch(new RegExp(`^\\| (\\d+, )?${status}(, \\d+)? \\|`, 'm'));
  });
});

describe('docs/backup.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/backup.md'), 'utf8').split('\n');

  it('has a row for every object that a Job writes, and what its loss costs', () => {
    expect(page.filter((line) => /^\| [a-z]+-system \|/.test(line))).toEqual(
      records.map(objectRow),
    );
  });

  it('saves every object of a whole stack', () => {
    const commands = page.filter((line) => line.startsWith('    save '));
    expect(commands.map((line) => line.trim())).toEqual(saving());
  });
});
