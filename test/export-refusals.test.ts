import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive, unarchived } from '@sigstand/createtuf/archive';
import { runAt, supplied } from '@sigstand/createtuf/testing';
import { utf8 } from '@sigstand/pki/pem';
import type { Data, Store } from '@sigstand/store/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holding, stack, trustIn, type Workplace, workplace } from './exporting.ts';

let place: Workplace;
beforeEach(async () => {
  place = await workplace();
});
afterEach(() => place.remove());

describe('a folder that is there', () => {
  it('keeps every file that is not an export’s', async () => {
    const store = await stack();
    await place.exported(store);
    await mkdir(join(place.folder, 'cache'), { recursive: true });
    await writeFile(join(place.folder, 'cache/root.json'), 'cached');
    await writeFile(join(place.folder, 'README'), 'mine');
    await writeFile(join(place.folder, 'env'), 'of an export before');
    await place.exported(store);
    expect([await place.text('cache/root.json'), await place.text('README')]).toEqual([
      'cached',
      'mine',
    ]);
    expect(await place.text('env')).toContain('export TUF_MIRROR=');
    expect((await readdir(place.folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each(['README.md', 'env', 'index.html'])(
    'keeps a %s that no export has written',
    async (name) => {
      const store = await stack();
      await mkdir(place.folder, { recursive: true });
      await writeFile(join(place.folder, 'other'), 'mine');
      await writeFile(join(place.folder, name), 'mine');
      const { status, stderr } = await place.tried(store);
      expect(status).toBe(65);
      expect(stderr).toMatch(
        / is there, in a folder without 1\.root\.json; it is no file of an export: /,
      );
      expect((await readdir(place.folder)).sort()).toEqual([name, 'other'].sort());
      expect(await place.text(name)).toBe('mine');
      await rm(join(place.folder, name));
      await place.exported(store);
      expect(await place.text('other')).toBe('mine');
    },
  );

  it('keeps its first root, unless it is told otherwise', async () => {
    await place.exported(await stack());
    const before = await place.text('1.root.json');
    const env = await place.text('env');
    const other = await stack();
    const refused = await place.tried(other);
    expect(refused.status).toBe(78);
    expect(refused.stderr).toMatch(/1\.root\.json is [0-9a-f]{64}, the stack's is [0-9a-f]{64}/);
    expect([await place.text('1.root.json'), await place.text('env')]).toEqual([before, env]);
    await place.exported(other, '--replace-root');
    expect(await place.text('1.root.json')).not.toBe(before);
  });

  it.each([
    ['a file', '', (folder: string) => writeFile(folder, 'a file')],
    ['below a file', 'below', (folder: string) => writeFile(folder, 'a file')],
    [
      'with a folder in a file’s place',
      '',
      (folder: string) => mkdir(join(folder, 'env/x'), { recursive: true }),
    ],
    ['a link to nowhere', '', (folder: string) => symlink('nowhere', folder)],
  ])('is refused where it is %s', async (_what, below, make) => {
    await make(place.folder);
    const before = await readdir(place.work, { recursive: true });
    const to = join(place.folder, below);
    const { status, stderr } = await place.tried(await stack(), '--to', to);
    expect({ status, stderr }).toMatchObject({ status: 65 });
    expect(stderr).toContain(to);
    expect(await readdir(place.work, { recursive: true })).toEqual(before);
  });

  it('appears whole, also when two exports make it at once', async () => {
    const store = await stack();
    const seen: number[] = [];
    let done = false;
    const watching = (async () => {
      while (!done) {
        seen.push(
          (await readdir(place.folder).catch(() => [])).filter((name) => name[0] !== '.').length,
        );
        await sleep(0);
      }
    })();
    const ends = await Promise.all([place.tried(store), place.tried(store), place.tried(store)]);
    done = true;
    await watching;
    expect(ends.map(({ status }) => status)).toEqual([0, 0, 0]);
    const whole = (await readdir(place.folder)).length;
    expect(whole).toBeGreaterThan(20);
    expect([...new Set(seen)]).toEqual([0, whole]);
    expect(await readdir(place.work)).toEqual(['trust']);
  });
});

describe('the export refuses', () => {
  it.each([
    ['no stack', {}, 69, 'createtuf writes it'],
    ['half a record', { root: utf8('{}') }, 69, 'root, repository'],
    ['an archive that is none', { root: utf8('{}'), repository: utf8('PK') }, 65, 'gzipped tar'],
  ])('%s', async (_what, data, status, message) => {
    const end = await place.tried(await holding(data));
    expect(end).toMatchObject({ status, stderr: expect.stringContaining(message) });
    expect(await readdir(place.work)).toEqual([]);
  });

  it('a clock that is behind, by which what is trusted now would be left out', async () => {
    const store = await stack();
    await place.exported(store);
    const starts = [...(await place.text('trusted_root.json')).matchAll(/"start": ?"([^"]+)"/g)];
    const last = Math.max(...starts.map(([, start = '']) => Date.parse(start)));
    const by = (minutes: number) => workplace({ off: last - minutes * 60_000 - Date.now() });
    const behind = await by(6);
    const { status, stderr } = await behind.tried(store);
    expect({ status, stderr }).toEqual({
      status: 65,
      stderr: expect.stringMatching(
        /^sigstand export: error: Secret tuf-system\/tuf-root key repository has what clients trust from 2\S+Z on, and the clock here says 2\S+Z; set it by the network; nothing was written\n$/,
      ),
    });
    expect(await readdir(behind.work)).toEqual([]);
    await behind.remove();
    const little = await by(4);
    await little.exported(store);
    expect(await little.text('env')).toBe(await place.text('env'));
    expect((await readdir(little.folder)).sort()).toEqual((await readdir(place.folder)).sort());
    await little.remove();
  });

  /** The trust of a stack whose archive was changed. */
  async function changed(change: (files: Record<string, Uint8Array>) => Data): Promise<Store> {
    const data = await trustIn(await stack());
    const files = await unarchived(data.repository!);
    return holding({ ...data, repository: await archive(change({ ...files })) });
  }
  const target = (files: Data, name: string) =>
    Object.keys(files).find((file) => file.endsWith(`.${name}`)) ?? '';

  it.each([
    [
      'a target with another content',
      (files: Data) => ({ ...files, [target(files, 'rekor.pub')]: utf8('another') }),
      78,
      'with another content',
    ],
    [
      'an archive without its root',
      ({ '1.root.json': _gone, ...files }: Record<string, Uint8Array>) => files,
      78,
      'has no first root',
    ],
    [
      'a root that is not the one of the archive',
      (files: Data) => ({ ...files, '1.root.json': utf8('{}') }),
      78,
      'has the first root 44136fa355b3',
    ],
    [
      'metadata that its keys did not sign',
      (files: Data) => ({
        ...files,
        'timestamp.json': utf8(
          Buffer.from(files['timestamp.json']!).toString().replace('"version": 1', '"version": 2'),
        ),
      }),
      78,
      'timestamp.json',
    ],
    [
      'a private key among the files',
      (files: Data) => ({ ...files, stray: utf8('-----BEGIN PRIVATE KEY-----\nMC4C\n') }),
      65,
      'holds a private key, in stray',
    ],
  ])('%s', async (_what, change, status, message) => {
    const end = await place.tried(await changed(change));
    expect(end).toMatchObject({ status, stderr: expect.stringContaining(message) });
    expect(await readdir(place.work)).toEqual([]);
  });

  it('a repository that has expired, and says how it is signed again', async () => {
    const store = await supplied();
    await runAt(store, new Date(Date.now() - 3_600_000).toISOString(), ['--timestamp-expiry=30m']);
    const { status, stderr } = await place.tried(store);
    expect(status).toBe(65);
    expect(stderr).toMatch(
      /timestamp\.json is expired; the clock here says 2\S+Z; if that is right: kubectl create job .*--from=cronjob\/createtuf/,
    );
    expect(await readdir(place.work)).toEqual([]);
  });

  it.each([
    [['--mirror', 'ftp://tuf'], '--mirror'],
    [['--to', ''], '--to'],
    [['--issuer', 'https://a b'], '--issuer'],
    [['--store', 'memory'], '--store'],
    [['--frob'], '--frob'],
    [['trust'], 'too many arguments'],
  ])('the command line %j', async (args, message) => {
    const { status, stderr } = await place.tried(await stack(), ...args);
    expect({ status, stderr }).toMatchObject({ status: 64 });
    expect(stderr).toContain(message);
    expect(await readdir(place.work)).toEqual([]);
  });
});
