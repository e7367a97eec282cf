import { describe, expect, it } from 'vitest';
import { dumpReader } from './heads.ts';
import { dumpText, trees } from './testing.ts';

const read = (text: string, step = text.length) => {
  const reader = dumpReader();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) reader.take(bytes.subarray(at, at + step));
  return reader.end();
};

const heads = [
  { tree: trees.rekor, size: 57, root: 'aabb' },
  { tree: trees.ctlog, size: 41, root: 'dd' },
];

describe('the heads in a dump', () => {
  it('are the newest by their time, wherever they stand', () => {
    expect(read(dumpText())).toEqual({ bytes: Buffer.byteLength(dumpText()), heads });
  });

  it.each([1, 7, 100])('are found in pieces of %i bytes', (step) => {
    expect(read(dumpText(), step).heads).toEqual(heads);
  });

  it('are those of that table alone', () => {
    const other =
      'INSERT INTO `TreeHeads` (`TreeId`) VALUES (1);\n' +
      `INSERT INTO \`LeafData\` VALUES (${trees.rekor},999,99,0xFF,'',9);`;
    expect(read(dumpText(other)).heads).toEqual(heads);
  });

  it('are told by the names of columns, not by their order', () => {
    const moved = `INSERT INTO \`TreeHead\` (\`TreeSize\`, \`RootHash\`, \`TreeHeadTimestamp\`, \`TreeId\`) VALUES (9,0x0A,900,7);`;
    expect(read(dumpText(moved)).heads).toContainEqual({ tree: '7', size: 9, root: '0a' });
  });

  it('are none of a table that is not Trillian’s', () => {
    const odd = 'INSERT INTO `TreeHead` (`Id`, `Size`) VALUES (7,9);';
    expect(() => read(dumpText(odd))).toThrow('a table TreeHead that is not one of Trillian 1.7');
  });

  it.each([
    ['without its last line', dumpText().replace(/-- Dump completed.*\n/, '')],
    ['without the end of its last line', dumpText().trimEnd()],
    ['with nothing in it', ''],
  ])('are not told of a dump %s', (_, text) => {
    expect(() => read(text)).toThrow('ended before its end');
  });
});
