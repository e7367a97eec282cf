import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { converge } from './converge.ts';
import { directoryStore } from './directory.ts';
import { behavesLikeAStore } from './store.suite.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sigstand-store-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

behavesLikeAStore('a directory', { open: () => directoryStore(root), namespace: 'tests' });

describe('a directory for people', () => {
  const ref = { kind: 'Secret', namespace: 'ns', name: 'keys' } as const;
  const bytes = (text: string) => new Uint8Array(Buffer.from(text));

  it('shows the newest data under the record’s own name, to its owner only', async () => {
    const store = directoryStore(root);
    await store.write(ref, { data: { private: bytes('1') } });
    await store.write(ref, { data: { private: bytes('2') } }, await store.read(ref));
    const file = join(root, 'ns/Secret/keys/private');
    expect(await readFile(file, 'utf8')).toBe('2');
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect((await stat(join(root, 'ns/Secret/keys'))).mode & 0o077).toBe(0);
  });

  it('keeps nothing of a key that came second', async () => {
    const store = directoryStore(root);
    const lost = { ...ref, name: 'raced' };
    await store.write(lost, { data: { private: bytes('first') } });
    await expect(store.write(lost, { data: { private: bytes('second') } })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await readdir(join(root, 'ns/Secret/.raced'))).toEqual(['1']);
  });

  it('mends the name that a killed writer left behind', async () => {
    const store = directoryStore(root);
    const link = join(root, 'ns/Secret/keys');
    await rm(link);
    await symlink('.keys/1/data', link);
    await store.read(ref);
    expect(await readlink(link)).toBe('.keys/2/data');
  });

  it.each([
    ['all of it', 'all', '.'],
    ['the newest', 'newest', '2'],
  ])('is lost, and not absent, where its link is left and %s is gone', async (_, name, gone) => {
    const store = directoryStore(root);
    const lost = { ...ref, name: `lost-${name}` };
    await store.write(lost, { data: { private: bytes('1') } });
    await store.write(lost, { data: { private: bytes('2') } }, await store.read(lost));
    await rm(join(root, `ns/Secret/.${lost.name}`, gone), { recursive: true });
    const said = {
      code: 'INVALID',
      message: expect.stringContaining(`is lost: its link names .${lost.name}/2, which is not`),
      hint: expect.stringContaining(`restore .${lost.name} from your backup`),
    };
    await expect(store.read(lost)).rejects.toMatchObject(said);
    await rm(join(root, 'ns/Secret', lost.name));
    expect((await store.read(lost))?.version).toBe(gone === '.' ? undefined : '1');
  });

  it('ignores what a writer that was killed half-way left', async () => {
    await mkdir(join(root, 'ns/Secret/.keys/.draft/data'), { recursive: true });
    expect(Buffer.from((await directoryStore(root).read(ref))!.data.private!).toString()).toBe('2');
  });

  it('says what the file system answered, and nothing of the data', async () => {
    await writeFile(join(root, 'a-file'), '');
    const store = directoryStore(join(root, 'a-file'));
    await expect(store.write(ref, { data: { private: bytes('hunter2') } })).rejects.toMatchObject({
      code: 'INVALID',
      message: 'Secret ns/keys in the directory cannot be: ENOTDIR',
    });
  });
});

describe('a folder that people made', () => {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text));
  let count = 0;

  /** A record as somebody puts it there: a folder, and a file a key. */
  async function byHand(files: Record<string, string> = { private: 'mine', password: 'pw' }) {
    count += 1;
    const ref = { kind: 'Secret', namespace: 'by-hand', name: `r${count}` } as const;
    const folder = join(root, 'by-hand/Secret', ref.name);
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const versions = join(root, 'by-hand/Secret', `.${ref.name}`);
    return { ref, folder, versions, store: directoryStore(root) };
  }
  const more = { data: { more: bytes('ours') }, annotations: { 'x.io/n': 'n' } };
  const all = { private: bytes('mine'), password: bytes('pw') };

  it('is read, and stays as it is', async () => {
    const { ref, folder, store } = await byHand();
    expect(await store.read(ref)).toMatchObject({ data: all, annotations: {}, immutable: false });
    expect((await lstat(folder)).isDirectory()).toBe(true);
  });

  it('is read as the kubelet mounts it, by links', async () => {
    const { ref, folder, store } = await byHand({});
    await mkdir(join(folder, '..2026'));
    await writeFile(join(folder, '..2026/private'), 'mounted');
    await symlink('..2026', join(folder, '..data'));
    await symlink('..data/private', join(folder, 'private'));
    expect((await store.read(ref))?.data).toEqual({ private: bytes('mounted') });
  });

  it('becomes the first version, whole, when something is added', async () => {
    const { ref, folder, versions, store } = await byHand();
    await store.write(ref, more, await store.read(ref));
    expect(await store.read(ref)).toMatchObject({ ...more, data: { ...all, ...more.data } });
    expect(await readlink(folder)).toBe(`.${ref.name}/1/data`);
    expect(await readFile(join(versions, '0/data/private'), 'utf8')).toBe('mine');
    expect((await stat(join(folder, 'private'))).mode & 0o077).toBe(0);
  });

  it('is not replaced by who had not seen it', async () => {
    const { ref, store } = await byHand();
    await expect(store.write(ref, more)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await store.read(ref))?.data).toEqual(all);
  });

  it('is not replaced by who had read another content', async () => {
    const { ref, folder, store } = await byHand();
    const before = await store.read(ref);
    await writeFile(join(folder, 'private'), 'newer');
    await expect(store.write(ref, more, before)).rejects.toMatchObject({ code: 'CONFLICT' });
    await store.write(ref, more, await store.read(ref));
    expect((await store.read(ref))?.data.private).toEqual(bytes('newer'));
  });

  it('loses nothing where its first writer was killed half-way', async () => {
    const { ref, folder, versions, store } = await byHand();
    await mkdir(join(versions, '0'), { recursive: true });
    expect((await store.read(ref))?.data).toEqual(all);
    await rename(folder, join(versions, '0/data'));
    expect((await store.read(ref))?.data).toEqual(all);
    expect(await readlink(folder)).toBe(`.${ref.name}/0/data`);
    await store.write(ref, more, await store.read(ref));
    expect((await store.read(ref))?.data).toEqual({ ...all, ...more.data });
  });

  it('keeps every key when eight writers each add one', async () => {
    const { ref } = await byHand();
    const writers = Array.from({ length: 8 }, (_, index) =>
      converge(directoryStore(root), ref, (current) =>
        current?.data[`k${index}`] ? undefined : { data: { [`k${index}`]: bytes('here') } },
      ),
    );
    await Promise.all(writers);
    const { data } = (await directoryStore(root).read(ref))!;
    expect(Object.keys(data)).toHaveLength(10);
    expect(data).toMatchObject(all);
  });

  it.each<[string, (folder: string) => Promise<unknown>, string]>([
    ['a folder in it', (folder) => mkdir(join(folder, 'old')), 'has old, which is not a file'],
    [
      'a link to nothing',
      (folder) => symlink('gone', join(folder, 'k')),
      'has a link, k, that leads nowhere',
    ],
    [
      'a copy of an editor',
      (folder) => writeFile(join(folder, 'private~'), ''),
      'has a file whose name is no key',
    ],
    [
      'a file in its place',
      async (folder) => {
        await rm(folder, { recursive: true });
        await writeFile(folder, '');
      },
      'is a file, and not a folder',
    ],
  ])('is refused with %s, in words', async (_what, spoil, says) => {
    const { ref, folder, store } = await byHand();
    await spoil(folder);
    const said = { code: 'INVALID', message: expect.stringContaining(`in the directory ${says}`) };
    await expect(store.read(ref)).rejects.toMatchObject(said);
  });

  it.each(['secret', 'Secrets', ''])(
    'is not passed over in the folder %j instead of Secret',
    async (kind) => {
      const ref = { kind: 'Secret', namespace: `misplaced-${kind}`, name: 'ca' } as const;
      await mkdir(join(root, ref.namespace, kind, 'ca'), { recursive: true });
      const said = {
        code: 'INVALID',
        message: expect.stringContaining(`is not in its place, ${ref.namespace}/Secret/ca`),
        hint: `move it there from ${join(ref.namespace, kind, 'ca')}`,
      };
      const store = directoryStore(root);
      await expect(store.read(ref)).rejects.toMatchObject(said);
      expect(await store.read({ ...ref, name: 'another' })).toBeUndefined();
      expect(await store.read({ ...ref, kind: 'ConfigMap', name: 'cb' })).toBeUndefined();
    },
  );

  it('is read where it is a link to elsewhere, and not replaced', async () => {
    const { ref, folder, store } = await byHand();
    const place = join(root, 'elsewhere');
    await rename(folder, place);
    await symlink(place, folder);
    const before = await store.read(ref);
    expect(before?.data).toEqual(all);
    const refused = { code: 'INVALID', message: expect.stringContaining('is a link to somewhere') };
    await expect(store.write(ref, more, before)).rejects.toMatchObject(refused);
    expect(await readlink(folder)).toBe(place);
    expect(await readFile(join(place, 'private'), 'utf8')).toBe('mine');
  });

  it('is refused beside what a Job left, with the way to choose', async () => {
    const { ref, folder, versions, store } = await byHand();
    await store.write(ref, more, await store.read(ref));
    await rm(folder);
    await mkdir(folder);
    const said = { code: 'INVALID', hint: expect.stringContaining(`remove ${ref.name}`) };
    await expect(store.read(ref)).rejects.toMatchObject(said);
    await rm(versions, { recursive: true });
    expect((await store.read(ref))?.data).toEqual({});
  });

  it('is refused where a note beside it is not JSON', async () => {
    const { ref, versions, store } = await byHand();
    await store.write(ref, more, await store.read(ref));
    await writeFile(join(versions, '1/annotations.json'), '{');
    const said = { code: 'INVALID', message: expect.stringContaining('annotations.json') };
    await expect(store.read(ref)).rejects.toMatchObject(said);
  });
});
