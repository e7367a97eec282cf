import { createHash } from 'node:crypto';

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 6962 §2.1: the hash of a leaf. */
export const leafHash = (leaf: Uint8Array) => sha256(Uint8Array.of(0), leaf);
const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right);

/**
 * Climbs from the node `at` of a row that ends with the node `last` up to the root; each sibling on the way stands
 * left or right of it. Returns whether the path ends at the root, as both RFC 9162 §2.1.3.2 and §2.1.4.2 demand.
 */
function climb(
  [at, last]: readonly [number, number],
  path: readonly Buffer[],
  join: (sibling: Buffer, side: 'left' | 'right') => void,
): boolean {
  for (const sibling of path) {
    if (last === 0) return false;
    const left = at % 2 === 1 || at === last;
    join(sibling, left ? 'left' : 'right');
    // The last node of an incomplete row has no sibling there, and goes up as it is.
    while (left && at % 2 === 0 && at !== 0) [at, last] = [at >> 1, last >> 1];
    [at, last] = [at >> 1, last >> 1];
  }
  return last === 0;
}

/** The root that a leaf and its audit path lead to, or undefined where they lead to none. */
export function rootOfInclusion(
  hash: Buffer,
  { index, size }: { index: number; size: number },
  path: readonly Buffer[],
): Buffer | undefined {
  let root = hash;
  const arrives = climb([index, size - 1], path, (sibling, side) => {
    root = side === 'left' ? nodeHash(sibling, root) : nodeHash(root, sibling);
  });
  return index < size && arrives ? root : undefined;
}

/** A tree at one moment. */
export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

/** Whether the later tree is the earlier one with leaves added at its end. */
export function extendsTree(first: TreeHead, second: TreeHead, proof: readonly Buffer[]): boolean {
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root);
  if (first.size === 0) return proof.length === 0;
  // A complete tree is its own first node, and the proof leaves it out.
  const complete = (first.size & (first.size - 1)) === 0;
  const [start, ...path] = complete ? [first.root, ...proof] : proof;
  if (start === undefined || first.size > second.size) return false;
  let [at, last] = [first.size - 1, second.size - 1];
  while (at % 2 === 1) [at, last] = [at >> 1, last >> 1];
  let [was, is] = [start, start];
  const arrives = climb([at, last], path, (sibling, side) => {
    if (side === 'left') was = nodeHash(sibling, was);
    is = side === 'left' ? nodeHash(sibling, is) : nodeHash(is, sibling);
  });
  return arrives && was.equals(first.root) && is.equals(second.root);
}
