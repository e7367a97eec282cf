import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobNames as jobs } from '@sigstand/contracts/contract';
import { describe, expect, it } from 'vitest';

/** Libraries that only some Jobs need, and the Jobs that need them. */
const weight: Record<string, readonly string[]> = {
  '@grpc/grpc-js': ['createtree'],
  '@peculiar/x509': ['createcerts', 'createcertchain'],
  '@tufjs/models': ['createtuf'],
  'node-forge': ['createsecret', 'createcerts', 'createcertchain', 'createctconfig'],
};

function bundled(job: string): string[] {
  const path = join(import.meta.dirname, '../dist', `${job}.meta.json`);
  return Object.keys((JSON.parse(readFileSync(path, 'utf8')) as { inputs: object }).inputs);
}

describe.each(jobs)('the bundle of %s', (job) => {
  it.each(Object.keys(weight))('holds %s only where the Job needs it', (library) => {
    const inside = bundled(job).some((input) => input.includes(`node_modules/${library}/`));
    expect(inside).toBe(weight[library]?.includes(job));
  });

  it('holds no other Job', () => {
    const others = bundled(job).filter((input) =>
      jobs.some((other) => other !== job && input.startsWith(`packages/${other}/`)),
    );
    expect(others).toEqual([]);
  });
});
