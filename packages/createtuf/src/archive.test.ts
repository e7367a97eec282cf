import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { archive, sameArchive, unarchived } from './archive.ts';

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

  it('gives each file the time of its signature, and a target that of the newest list', async () => {
    const metadata = (time: string) =>
      new Uint8Array(Buffer.from(JSON.stringify({ signed: { 'x-sigstand-signed': time } })));
    const hashed = `${'a'.repeat(64)}.rekor.pub`;
    const packed = await archive({
      '1.root.json': new Uint8Array(Buffer.from('{"signed":{}}')),
      'root.json': metadata('2030-01-01T00:00:00Z'),
      '9.targets.json': metadata('2030-02-01T00:00:00Z'),
      '10.targets.json': metadata('2030-03-01T00:00:00Z'),
      'timestamp.json': metadata('2030-04-01T00:00:00Z'),
      [hashed]: new Uint8Array([1]),
    });
    const times: Record<string, string | undefined> = {};
    const tar = extract();
    tar.end(gunzipSync(packed));
    for await (const entry of tar) {
      const { name, mtime } = entry.header;
      times[name] = mtime?.toISOString().slice(0, 10);
      entry.resume();
    }
    expect(times).toEqual({
      repository: '2030-04-01',
      'repository/targets': '2030-04-01',
      'repository/1.root.json': '1970-01-01',
      'repository/10.targets.json': '2030-03-01',
      'repository/9.targets.json': '2030-02-01',
      'repository/root.json': '2030-01-01',
      'repository/timestamp.json': '2030-04-01',
      [`repository/targets/${hashed}`]: '2030-03-01',
    });
  });

  it('gives each file whole to who reads it at once, as policy-controller does', async () => {
    for (const size of [700, 2_181, 4_255, 30_000, 32_768]) {
      const names = Array.from({ length: 40 }, (_, nth) => `${nth}.root.json`);
      const files = Object.fromEntries(names.map((name, nth) => [name, filled(size, nth + 1)]));
      const packed = await archive(files);
      expect(readAtOnce(gunzipSync(packed))).toEqual(files);
      expect(await unarchived(packed)).toEqual(files);
    }
  });
});

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}

/** The files of a tar as Go's archive/tar gives them to one Read each: compress/flate hands out 32 KiB at a time. */
function readAtOnce(tar: Buffer): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (let at = 0; at < tar.length; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    const data = at + 512;
    const handed = Math.min(size, 32_768 - (data % 32_768));
    const bytes = new Uint8Array(size);
    bytes.set(tar.subarray(data, data + handed));
    if (size > 0) files[name.replace('repository/', '')] = bytes;
    at = data + Math.ceil(size / 512) * 512;
  }
  return files;
}
