import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from './testing.ts';

const verbs = ['up', 'down', 'status', 'token', 'export', 'rotate', 'backup', 'restore'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-help-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the help of a verb', () => {
  it.each(verbs)('says how sigstand %s ends, and shows no default as code', async (verb) => {
    const { status, stdout, stderr } = await cli([verb, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/Exit status: 0 .*\b64\b/s);
    expect(stdout).not.toMatch(/\[\]|undefined|’/);
  });
});

describe('sigstand help', () => {
  it.each([[[]], [['--json']], [['up']], [['rotate']]])('%j is --help', async (words) => {
    const asked = words.filter((word) => !word.startsWith('-'));
    const help = await cli([...asked, '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(await cli(['help', ...words])).toEqual(help);
  });

  it('knows no help of a verb that is not there', async () => {
    const { status, stderr } = await cli(['help', 'hunter2']);
    expect({ status, stderr }).toEqual({
      status: 64,
      stderr: 'sigstand: error: there is no such verb; sigstand --help lists the verbs\n',
    });
  });
});

describe('where no cluster is selected', () => {
  it.each(verbs.slice(0, 6))('sigstand %s says by which flag one is', async (verb) => {
    const what = verb === 'rotate' ? ['tsa'] : [];
    const { status, stderr } = await cli([verb, ...what], {
      env: { KUBECONFIG: join(folder, 'none') },
    });
    expect(status).toBe(65);
    expect(stderr).toMatch(
      /; give --kubeconfig, or set KUBECONFIG to the files that kubectl takes\n$/,
    );
  });

  it('a kubeconfig without a current context wants one to be named', async () => {
    const file = join(folder, 'config');
    await writeFile(file, 'apiVersion: v1\nkind: Config\n');
    const { status, stderr } = await cli(['token', `--kubeconfig=${file}`]);
    expect(status).toBe(65);
    expect(stderr).toMatch(/; name the one that is meant by --context, .*\n$/);
  });
});

describe('- in the place of a file to be written', () => {
  it.each([
    ['backup', '--to=-', '--unencrypted'],
    ['status', '--metrics=-'],
    ['status', '--state=-'],
  ])('is refused by sigstand %s %s', async (...args) => {
    const { status, stderr } = await cli([...args, '--kubeconfig=/dev/null']);
    expect(status).toBe(64);
    expect(stderr).toContain('takes a file, not standard output');
  });
});
