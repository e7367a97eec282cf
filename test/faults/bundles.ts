import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { bundleAt, bundleNames } from '../../scripts/bundles.ts';

/** The Jobs that seal a key by PBKDF2. */
const sealing = ['createcertchain', 'createcerts', 'createsecret'];

/**
 * Copies the bundles to a folder of their own, with 1,000 rounds of PBKDF2 in place of 600,000 and
 * nothing else changed: thousands of runs would spend most of their time there. What runs in a
 * cluster, and the tests of the packages, seal as the images do.
 *
 * @throws {Error} Where the number is not once in a bundle, or dist/ is older than the sources.
 */
export function copyBundles(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-bundles-'));
  for (const name of bundleNames()) {
    const copy = join(folder, `${name}.cjs`);
    if (!sealing.includes(name)) {
      copyFileSync(bundleAt(name), copy);
      continue;
    }
    const [before, after, ...more] = readFileSync(bundleAt(name), 'utf8').split(/\b6e5\b/);
    if (after === undefined || more.length > 0) {
      throw new Error(`${name}: the rounds of PBKDF2 are not once in its bundle`);
    }
    writeFileSync(copy, `${before}1e3${after}`);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The bundle of a Job: the copy where this project made one. */
export function bundleOf(job: string): string {
  const folder = inject('bundles');
  return folder ? join(folder, `${job}.cjs`) : bundleAt(job);
}
