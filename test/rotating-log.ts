import { createHash } from 'node:crypto';
import { readShards, type Shard, shardingSetting } from '@sigstand/contracts/shards';
import type { Data } from '@sigstand/store/store';
import { sharedTrillian } from './jobs.ts';

/* Rekor's log, as a Rekor in memory serves it: by what its ConfigMap said when it started, from the trees of Trillian. */

/** What a Rekor has read when it started. It takes the lengths of old trees from Trillian, whatever it is told. */
export interface TreesIn {
  readonly active: string;
  readonly shards: readonly Shard[];
}

const sizeOf = (tree: string) => Number(sharedTrillian.trees.get(tree)?.size ?? 0n);

/** What a Rekor reads of a ConfigMap, as its Deployment gives it. */
export function treesOf(data: Data): TreesIn {
  const text = (key: string) => Buffer.from(data[key] ?? []).toString();
  const path = text(shardingSetting.key);
  const file = path.replace(`${shardingSetting.mount}/`, '');
  if (path && data[file] === undefined) throw new Error(`a Rekor would not start: no file ${path}`);
  const shards = readShards(path ? text(file) : '') ?? [];
  return {
    active: text('treeID'),
    shards: shards.map(({ tree }) => ({ tree, length: sizeOf(tree) })),
  };
}

/** What Rekor answers to a path; undefined where it is another one. */
export function rekorIn(path: string, { active, shards }: TreesIn): (() => string) | undefined {
  const head = (tree: string, size: number) => ({
    treeID: tree,
    treeSize: size,
    signedTreeHead: `rekor - ${tree}\n${size}\n${rootOf(tree, size)}\n\n- rekor AAAA\n`,
  });
  if (path === '/api/v1/log') {
    const inactiveShards = shards.map(({ tree, length }) => head(tree, length));
    return () => JSON.stringify({ ...head(active, sizeOf(active)), inactiveShards });
  }
  const [, index] = /^\/api\/v1\/log\/entries\?logIndex=(\d+)$/.exec(path) ?? [];
  if (index === undefined) return undefined;
  let left = Number(index);
  const all = [...shards, { tree: active, length: Number.POSITIVE_INFINITY }];
  const found = all.find(({ length }) => {
    if (left < length) return true;
    left -= length;
    return false;
  });
  const uuid =
    BigInt(found?.tree ?? 0)
      .toString(16)
      .padStart(16, '0') + '0'.repeat(64);
  return () => JSON.stringify({ [uuid]: { logIndex: Number(index) } });
}

function rootOf(tree: string, size: number): string {
  return createHash('sha256').update(`${tree} ${size}`).digest('base64');
}

/** As if so many entries had been written to the log; a frozen tree takes none. */
export function write(tree: string, entries: number): void {
  const { state, size = 0n } = sharedTrillian.trees.get(tree) ?? {};
  if (state !== 'ACTIVE') throw new Error(`tree ${tree} is ${state}`);
  sharedTrillian.change(tree, { size: (size ?? 0n) + BigInt(entries) });
}
