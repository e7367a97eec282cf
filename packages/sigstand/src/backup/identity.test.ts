import { ctlogConfig, records, rekorConfig } from '@sigstand/contracts/records';
import { shardsBefore, shardsText } from '@sigstand/contracts/shards';
import { expect, it } from 'vitest';
import { identityOf, refuseLostTrees } from './identity.ts';
import type { Kept } from './object.ts';

const config = (
  data: Record<string, string>,
  { namespace, name } = rekorConfig as Place,
): Kept => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data },
});

interface Place {
  readonly namespace: string;
  readonly name: string;
}

it('knows the trees in which the log was before, and misses each of them', () => {
  const shards = [
    { tree: '11', length: 5 },
    { tree: '12', length: 0 },
  ];
  const moved = config({ treeID: '13', [shardsBefore('13')]: shardsText(shards) });
  const other = config(
    { treeID: '20', [shardsBefore('20')]: shardsText([{ tree: '19', length: 1 }]) },
    ctlogConfig,
  );
  const found = identityOf(records, [moved, other], {});
  expect(found).toEqual({
    ...{ rekorTree: '13', rekorShards: ['11', '12'], ctlogTree: '20', ctlogShards: ['19'] },
  });
  const stack = { firstRoot: '', ctlogTree: '20', rekorTree: '13', ...found };
  const heads = ['11', '12', '13', '19', '20'].map((tree) => ({ tree, size: 1, root: '' }));
  refuseLostTrees(stack, { bytes: 1, heads });
  for (const { tree } of heads) {
    const others = heads.filter((one) => one.tree !== tree);
    expect(() => refuseLostTrees(stack, { bytes: 1, heads: others })).toThrow(`no tree ${tree},`);
  }
  // One that never moved has no such list.
  expect(identityOf(records, [config({ treeID: '13' })], {})).toEqual({ rekorTree: '13' });
});
