import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root, run } from './cluster/rig.ts';

/* scripts/setup.sh in a clone of three files, against an npm of ours that notes how it was called. */

const lib = { version: '1.0.0', integrity: 'sha512-abc' };
const other = { version: '2.0.0', integrity: 'sha512-def', optional: true };
let clone: string;

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'sigstand-setup-'));
  await mkdir(join(clone, 'scripts'));
  for (const name of ['setup.sh', 'installed.cjs', 'fetch.sh', 'with-node.sh']) {
    await cp(join(root, 'scripts', name), join(clone, 'scripts', name));
  }
  await mkdir(join(clone, 'bin'));
  await writeFile(join(clone, 'bin/npm'), `#!/bin/sh\necho "$@" >>'${clone}/called'\n`);
  await chmod(join(clone, 'bin/npm'), 0o755);
  await lock('package-lock.json', { '': {}, 'node_modules/lib': lib, 'node_modules/other': other });
});
afterEach(() => rm(clone, { recursive: true }));

async function lock(name: string, packages: object) {
  await mkdir(join(clone, 'node_modules'), { recursive: true });
  await writeFile(join(clone, name), JSON.stringify({ packages }));
}

async function setup(install: 'yes' | 'no') {
  const env = { PATH: `${join(clone, 'bin')}:${process.env.PATH}`, SIGSTAND_INSTALL: install };
  const { status, stderr } = await run('bash', [join(clone, 'scripts/setup.sh')], { env });
  const called = await readFile(join(clone, 'called'), 'utf8').catch(() => '');
  return { status, stderr, called };
}

describe('what sets a clone up', () => {
  it.each([
    ['all of it is there', { 'node_modules/lib': lib, 'node_modules/other': other }],
    ['a package of another machine is not', { 'node_modules/lib': lib }],
  ])('installs nothing where %s', async (_what, there) => {
    await lock('node_modules/.package-lock.json', there);
    expect(await setup('yes')).toEqual({ status: 0, stderr: '', called: '' });
  });

  it.each([
    ['a package is missing', {}],
    ['a package has another version', { 'node_modules/lib': { ...lib, version: '1.0.1' } }],
    ['a package has other bytes', { 'node_modules/lib': { ...lib, integrity: 'sha512-x' } }],
    ['there is one too many', { 'node_modules/lib': lib, 'node_modules/more': lib }],
  ])('installs what the lock file says where %s, but never under tests', async (_what, there) => {
    await lock('node_modules/.package-lock.json', there);
    expect(await setup('no')).toEqual({
      status: 69,
      stderr: 'sigstand: node_modules is not what package-lock.json says: run npm ci\n',
      called: '',
    });
    expect(await setup('yes')).toEqual({ status: 0, stderr: '', called: 'ci\n' });
  });

  it('looks for the links to our own packages, and in no list', async () => {
    const ours = { resolved: 'packages/ours', link: true };
    const all = { 'node_modules/lib': lib, 'node_modules/other': other };
    await lock('package-lock.json', { '': {}, ...all, 'node_modules/ours': ours });
    await lock('node_modules/.package-lock.json', all);
    expect(await setup('no')).toMatchObject({ status: 69, called: '' });
    await symlink('../packages/ours', join(clone, 'node_modules/ours'));
    expect(await setup('no')).toEqual({ status: 0, stderr: '', called: '' });
  });

  it('installs on a fresh clone', async () => {
    expect(await setup('yes')).toMatchObject({ status: 0, called: 'ci\n' });
  });

  it('is told by every test that it must not install', () => {
    expect(process.env.SIGSTAND_INSTALL).toBe('no');
  });
});
