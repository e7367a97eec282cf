import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { extendsTree, leafHash, rootOfInclusion } from './merkle.ts';

const node = (left: Buffer, right: Buffer) =>
  createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
const leaves = Array.from({ length: 20 }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));

/** The largest power of two below a size: where a tree is split (RFC 6962 §2.1). */
const split = (size: number) => 2 ** Math.floor(Math.log2(size - 1));

function root(of: readonly Buffer[]): Buffer {
  const [only] = of;
  if (of.length === 1 && only) return only;
  const at = split(of.length);
  return node(root(of.slice(0, at)), root(of.slice(at)));
}

/** The proof as RFC 6962 §2.1.2 defines it, recursively. */
function proof(first: number, of: readonly Buffer[], whole = true): Buffer[] {
  if (first === of.length) return whole ? [] : [root(of)];
  const at = split(of.length);
  return first <= at
    ? [...proof(first, of.slice(0, at), whole), root(of.slice(at))]
    : [...proof(first - at, of.slice(at), false), root(of.slice(0, at))];
}

/** The audit path as RFC 6962 §2.1.1 defines it. */
function path(index: number, of: readonly Buffer[]): Buffer[] {
  if (of.length === 1) return [];
  const at = split(of.length);
  return index < at
    ? [...path(index, of.slice(0, at)), root(of.slice(at))]
    : [...path(index - at, of.slice(at)), root(of.slice(0, at))];
}

const head = (size: number) => ({ size, root: root(leaves.slice(0, size)) });

describe('a proof of consistency', () => {
  it('holds for every two sizes of one tree, and for no other root', () => {
    for (let second = 1; second <= leaves.length; second += 1) {
      for (let first = 1; first <= second; first += 1) {
        const given = proof(first, leaves.slice(0, second));
        expect(extendsTree(head(first), head(second), given)).toBe(true);
        const other = { size: first, root: leafHash(Buffer.from('other')) };
        expect(extendsTree(other, head(second), given)).toBe(false);
      }
    }
  });

  it('is not shorter, not longer, and not of another order', () => {
    const given = proof(7, leaves.slice(0, 13));
    const holds = (nodes: readonly Buffer[]) => extendsTree(head(7), head(13), nodes);
    expect(holds(given)).toBe(true);
    expect(holds(given.slice(1))).toBe(false);
    expect(holds(given.slice(0, -1))).toBe(false);
    expect(holds([...given, leaves[0] ?? Buffer.alloc(32)])).toBe(false);
    expect(holds([...given].reverse())).toBe(false);
    expect(holds([])).toBe(false);
    expect(extendsTree(head(13), head(7), given)).toBe(false);
  });
});

describe('a proof of inclusion', () => {
  it('leads every leaf of every size to the root', () => {
    for (let size = 1; size <= leaves.length; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const given = path(index, leaves.slice(0, size));
        const leaf = leaves[index] ?? Buffer.alloc(0);
        expect(rootOfInclusion(leaf, { index, size }, given)).toEqual(head(size).root);
      }
    }
  });
});
