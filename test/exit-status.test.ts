import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitStatus } from '@sigstand/job/errors';
import { runJob } from '@sigstand/job/testing';
import { describe, expect, it } from 'vitest';
import { causes } from './exit-causes.ts';
import { withoutToken } from './exit-stores.ts';
import { jobs } from './jobs.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/exit-status.md'), 'utf8');

/** What the page says of a status: from its heading to the next. */
function section(status: number): string {
  return new RegExp(`^## ${status}\\b[^]*?(?=^## |$(?![^]))`, 'm').exec(page)?.[0] ?? '';
}

/** The last lines of Jobs that the page shows, which are indented as code. */
const shown = (status: number) =>
  [...section(status).matchAll(/^ {4}([a-z]+: error: .*)$/gm)].map(([, line]) => line);

/** The line without what differs from run to run. */
function plain(line: string): string {
  let number = 0;
  const times = ['2026-12-08T03:17:00Z', '2026-12-02T03:17:00Z'];
  return line
    .replace(withoutToken, '/var/run/secrets/kubernetes.io/serviceaccount')
    .replaceAll(/\b[0-9a-f]{64}\b/g, () => ['3b1e...', '9ac4...'][number++] ?? '...')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:]+Z/g, () => times.shift() ?? '...')
    .replace(/(with where it was: ).*/, '$1...');
}

describe('docs/exit-status.md', () => {
  it.each(Object.entries(exitStatus))('has a section on the status of %s, %i', (_name, status) => {
    expect(section(status)).toMatch(new RegExp(`^## ${status} [a-z]`));
  });

  it('has none on any other', () => {
    const numbers = [...page.matchAll(/^## (\d+)/gm)].map(([, number]) => Number(number));
    expect(numbers.toSorted()).toEqual(Object.values(exitStatus).toSorted());
  });

  const failures = Object.values(exitStatus).filter((status) => status !== 0);
  it.each(failures)(
    'shows what Jobs really say last before they end with %i',
    async (wanted) => {
      const lines: string[] = [];
      for (const [name, args, store, made] of causes[wanted] ?? []) {
        const job = (await made?.()) ?? jobs[name]!();
        const { status, stderr } = await runJob(job, await store(), { args });
        const last = stderr.trimEnd().split('\n').at(-1) ?? '';
        expect({ last, status }).toEqual({ last, status: wanted });
        lines.push(plain(last));
      }
      expect(lines).toEqual(shown(wanted));
    },
    60_000,
  );
});
