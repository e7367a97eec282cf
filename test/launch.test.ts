import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobNames } from '@sigstand/contracts/contract';
import { afterAll, describe, expect, it } from 'vitest';
import { assembleApp } from './programs/app.ts';

const work = mkdtempSync(join(tmpdir(), 'sigstand-launch-'));
afterAll(() => rmSync(work, { recursive: true }));

function app(job: string) {
  const folder = mkdtempSync(join(work, `${job}-`));
  const code = join(folder, 'job.code');
  const write = () => {
    assembleApp(job, folder);
    return readFileSync(code);
  };
  write();
  const node = (...args: string[]) =>
    execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return { code, write, node };
}

/** Whether V8 took the code, as it says itself. */
const taken = `
  process.argv.push('--version');
  process.on('exit', () => console.log(require('./launch.cjs').script.cachedDataRejected));
  require('./launch.cjs');`;

describe.each([...jobNames, 'sigstand'])('the image of %s', (job) => {
  it('holds code that its Node takes, the same in every build', () => {
    const { node, write } = app(job);
    expect(node('-e', taken, 'launch.cjs')).toMatch(/\bfalse\n$/);
    expect(write().equals(write())).toBe(true);
  });
});

describe('an image whose code is no good', () => {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  it.each([
    ['absent', (path: string) => rmSync(path)],
    ['empty', (path: string) => writeFileSync(path, '')],
    ['garbage', (path: string) => writeFileSync(path, Buffer.alloc(100_000, 7))],
    ['cut off', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 90_000))],
  ])('runs all the same: %s', (_what, spoil) => {
    const { code, node } = app('copysecrets');
    spoil(code);
    expect(node('launch.cjs', '--version').trim()).toBe(version);
  });

  it('runs under flags that the code was not made for', () => {
    const { node } = app('copysecrets');
    expect(node('--single-threaded', '-e', taken, 'launch.cjs')).toMatch(/\btrue\n$/);
    expect(node('--single-threaded', 'launch.cjs', '--version').trim()).toBe(version);
  });
});
