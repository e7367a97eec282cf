import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileAt, placeAt } from './file.ts';

const folder = mkdtempSync(join(tmpdir(), 'sigstand-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const read = (path: string) => fileAt('--flag', path, { most: 4, failure: 'usage' });

describe('the file that a flag names', () => {
  it('is read where it has no more bytes than fit', () => {
    const path = join(folder, 'four');
    writeFileSync(path, 'four');
    expect(Buffer.from(read(path)).toString()).toBe('four');
  });

  it('is refused with one byte more, and where it is a device or a folder', () => {
    const path = join(folder, 'five');
    writeFileSync(path, 'fives');
    for (const other of [path, '/dev/null', folder]) {
      expect(() => read(other)).toThrow('--flag is not a file of at most 4 bytes');
    }
  });

  it('is refused where it is not there, and its path is not told', () => {
    expect(() => read(join(folder, 'hunter2'))).toThrow(/^--flag cannot be read: ENOENT$/);
  });
});

describe('the place that a flag names, for a file to be written', () => {
  const place = (path: string) => placeAt('--flag', path);

  it('is the path itself, where nothing is there or a file', () => {
    const path = join(folder, 'new');
    expect(place(path)).toBe(path);
    writeFileSync(path, '');
    expect(place(path)).toBe(realpathSync(path));
  });

  it('is what a link leads to, which goes on being a link', () => {
    const [path, link] = [join(folder, 'target'), join(folder, 'link')];
    writeFileSync(path, '');
    symlinkSync(path, link);
    expect(place(link)).toBe(realpathSync(path));
  });

  it('is not standard output', () => {
    expect(() => place('-')).toThrow('--flag takes a file, not standard output');
  });

  it('is no device, folder or pipe, in whose place a file would come to be', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const link = join(folder, 'to-pipe');
    symlinkSync(pipe, link);
    for (const other of ['/dev/null', folder, pipe, link]) {
      expect(() => place(other)).toThrow('--flag names something that is no file');
    }
  });
});
