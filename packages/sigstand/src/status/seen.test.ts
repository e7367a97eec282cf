import { describe, expect, it } from 'vitest';
import { readSeen, seenText } from './seen.ts';

const root = 'ab'.repeat(32);

describe('what was seen', () => {
  it('is read as it was written', () => {
    const seen = {
      firstRoot: root,
      roles: { root: 1, timestamp: 7 },
      logs: { 'http://rekor': { tree: '12', size: 3, root } },
    };
    expect(readSeen(seenText(seen), '--state')).toEqual(seen);
  });

  it.each([
    ['no JSON', 'x'],
    ['another file', '{}'],
    ['half a file', seenText({}).slice(0, 10)],
    ['a log without a root', seenText({ logs: { a: { size: 1, root: 'x' } } })],
    [
      'a tree with more than its ID',
      seenText({ logs: { a: { tree: '1) OR (1', size: 1, root } } }),
    ],
    [
      'a tree that is no text',
      `{"form":"sigstand-status-1","logs":{"a":{"tree":12,"size":1,"root":"${root}"}}}`,
    ],
    ['a log of fewer entries than none', seenText({ logs: { a: { size: -1, root } } })],
    ['a URL of two lines', seenText({ logs: { 'http://a\nlost  all': { size: 1, root } } })],
    [
      'a URL that colours a terminal',
      seenText({ logs: { 'http://a\u001b[31m': { size: 1, root } } }),
    ],
    ['no list of logs', '{"form":"sigstand-status-1","logs":null}'],
    ['a version that is no number', '{"form":"sigstand-status-1","roles":{"timestamp":"9\\n"}}'],
    ['half a version', seenText({ roles: { timestamp: 7.5 } })],
    ['a log of no size', seenText({ logs: { a: { size: 1.5, root } } })],
  ])('is refused where it is %s', (_what, text) => {
    expect(() => readSeen(text, '--state')).toThrow(
      '--state is not a file that sigstand status has written',
    );
  });
});
