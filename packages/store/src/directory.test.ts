import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  });

  it('mends the name that a killed writer left behind', async () => {
    const store = directoryStore(root);
    const link = join(root, 'ns/Secret/keys');
    await rm(link);
    await symlink('.keys/1/data', link);
    await store.read(ref);
    expect(await readlink(link)).toBe('.keys/2/data');
  });

  it('ignores what a writer that was killed half-way left', async () => {
    await mkdir(join(root, 'ns/Secret/.keys/.draft/data'), { recursive: true });
    expect(Buffer.from((await directoryStore(root).read(ref))!.data.private!).toString()).toBe('2');
  });

  it('says what the file system answered, and nothing of the data', async () => {
    await writeFile(join(root, 'a-file'), '');
    const store = directoryStore(join(root, 'a-file'));
    await expect(store.write(ref, { data: { private: bytes('hunter2') } })).rejects.toMatchObject({
      message: expect.stringMatching(/^Secret ns\/keys: the directory answered E/),
    });
  });
});
