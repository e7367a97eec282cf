import { describe, expect, it } from 'vitest';
import { carrying, intentOf, madeFor, newTree, siblings, type Tree, tokenOf } from './tree.ts';

const token = '0123456789abcdef';
const intent = { token, replaces: undefined };
const flags = {
  treeState: 'ACTIVE',
  treeType: 'LOG',
  displayName: '',
  description: '',
  maxRootDuration: 0,
};

const tree = (id: string, more: Partial<Tree> = {}): Tree => ({
  id,
  state: 'ACTIVE',
  type: 'LOG',
  displayName: '',
  description: `[sigstand:${token}]`,
  deleted: false,
  ...more,
});

describe('the tree that was made for an intent', () => {
  it('is the one with the lowest id, as a number', () => {
    const trees = [tree('9'), tree('9223372036854775807'), tree('10'), tree('8', { type: 'MAP' })];
    expect(madeFor(intent, { type: 'LOG', trees })?.id).toBe('9');
    expect(madeFor(intent, { type: 'LOG', trees: trees.slice(1) })?.id).toBe('10');
  });

  it.each([
    tree('1', { state: 'FROZEN' }),
    tree('1', { description: `[sigstand:${token}] of somebody's own` }),
    tree('1', { description: '[sigstand:fedcba9876543210]' }),
    tree('1', { description: token }),
  ])('is not $description, $state', (other) => {
    expect(madeFor(intent, { type: 'LOG', trees: [other] })).toBeUndefined();
  });
});

describe('trees that were made in place of the one that is kept', () => {
  it('are those of its intent, but neither itself nor one that somebody froze', () => {
    const trees = [
      tree('1'),
      tree('2'),
      tree('3', { state: 'FROZEN' }),
      tree('4', { description: 'somebody’s own' }),
    ];
    expect(siblings('1', { token, trees }).map(({ id }) => id)).toEqual(['2']);
  });
});

describe('the intent', () => {
  it.each(['', 'garbage', token.toUpperCase(), `${token} replaces me`, `${token} `])(
    'is not read from the annotation %j',
    (text) => {
      const annotations = { 'sigstand.dev/tree-intent': text };
      expect(intentOf({ data: {}, annotations, immutable: false, version: '1' })).toBeUndefined();
    },
  );

  it('is found in the description that carries it, however long the text before it', () => {
    for (const description of ['', 'x'.repeat(172), '[sigstand:fedcba9876543210]']) {
      const request = carrying(newTree({ ...flags, description }), intent);
      expect(request.description.length).toBeLessThanOrEqual(200);
      expect(tokenOf(tree('1', request))).toBe(token);
    }
  });
});
