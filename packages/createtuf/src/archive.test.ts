import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { archive, sameArchive } from './archive.ts';

describe('the archive', () => {
  it('is the same for the same files, in whatever order they come', async () => {
    const files = { b: new Uint8Array([2]), a: new Uint8Array([1]) };
    const other = { a: new Uint8Array([1]), b: new Uint8Array([2]) };
    expect(await archive(files)).toEqual(await archive(other));
    expect(sameArchive(await archive(files), await archive({ ...files, c: files.a }))).toBe(false);
    expect(sameArchive(new Uint8Array([1, 2, 3]), await archive(files))).toBe(false);
  });

  it('has metadata at the top and targets in their folder, however long a name is', async () => {
    const long = `${'a'.repeat(64)}.${'b'.repeat(180)}`;
    const packed = await archive({ 'root.json': new Uint8Array([1]), [long]: new Uint8Array(9) });
    const names: string[] = [];
    const tar = extract();
    tar.on('entry', ({ name }, stream, next) => {
      names.push(name);
      stream.on('end', () => next());
      stream.resume();
    });
    tar.end(gunzipSync(packed));
    await new Promise<void>((resolve) => tar.on('finish', () => resolve()));
    expect(names).toEqual([
      'repository',
      'repository/targets',
      'repository/root.json',
      `repository/targets/${long}`,
    ]);
  });
});
