import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileAt } from './file.ts';

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
