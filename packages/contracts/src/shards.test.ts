import { describe, expect, it } from 'vitest';
import { frozenText, readFrozen, readShards, shardsText } from './shards.ts';

describe('old trees', () => {
  it('are read as they were written, and their order stays', () => {
    const shards = [
      { tree: '9223372036854775807', length: 64 },
      { tree: '2', length: 0 },
    ];
    expect(readShards(shardsText(shards))).toEqual(shards);
    expect(readShards('')).toEqual([]);
    expect(readFrozen(frozenText({ tree: '2', length: 3 }))).toEqual({ tree: '2', length: 3 });
  });

  it.each([
    'x',
    '- {treeID: 1}\n',
    '- {treeID: 1, treeLength: 2}',
    '- {treeID: 1, treeLength: 2}\nx\n',
  ])('are not read from what somebody else wrote: %j', (text) => {
    expect(readShards(text)).toBeUndefined();
  });

  it.each([undefined, '', '1', '1 2 3', 'x 1'])('are not noted by %j', (text) => {
    expect(readFrozen(text)).toBeUndefined();
  });
});
