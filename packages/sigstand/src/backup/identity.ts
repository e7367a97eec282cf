import { createHash } from 'node:crypto';
import type { Contract } from '@sigstand/contracts/contract';
import { ctlogConfig, rekorConfig, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { readShards, shardsBefore } from '@sigstand/contracts/shards';
import { JobError } from '@sigstand/job/errors';
import { show } from '@sigstand/store/store';
import type { Naming } from '../names.ts';
import type { Dumped, Identity } from './manifest.ts';
import { type Kept, showKept, valueIn } from './object.ts';

/** By what one knows the stack that has these objects. A part that is not there says nothing. */
export function identityOf(
  contracts: readonly Contract[],
  objects: readonly Kept[],
  { namespacePrefix, singleNamespace }: Naming,
): Partial<Identity> {
  const value = (of: Contract, key: string) => {
    // In one namespace, the first of a name is the source; these four have one place.
    const contract = contracts.find(({ kind, name }) => kind === of.kind && name === of.name);
    const kept = contract && objects.find((one) => showKept(one) === show(contract));
    return kept && valueIn(kept, key);
  };
  const root = value(tufRoot, 'root');
  const rekorTree = value(rekorConfig, 'treeID')?.toString();
  const ctlogTree = value(ctlogConfig, 'treeID')?.toString();
  const before = (of: Contract, tree: string | undefined) => {
    const list = tree && value(of, shardsBefore(tree))?.toString();
    return ((list && readShards(list)) || []).map((shard) => shard.tree);
  };
  const rekorShards = before(rekorConfig, rekorTree);
  const ctlogShards = before(ctlogConfig, ctlogTree);
  return {
    ...(namespacePrefix && { namespacePrefix }),
    ...(singleNamespace && { singleNamespace }),
    ...(root && { firstRoot: createHash('sha256').update(root).digest('hex') }),
    ...(rekorTree && { rekorTree }),
    ...(ctlogTree && { ctlogTree }),
    ...(rekorShards.length > 0 && { rekorShards }),
    ...(ctlogShards.length > 0 && { ctlogShards }),
  };
}

/** The version of the repository's timestamp, by which clients tell older from newer. @throws {JobError} data */
export function timestampOf(objects: readonly Kept[]): number {
  const repository = objects.find(({ metadata }) => metadata.name === tufRepository.name);
  try {
    const text = repository && valueIn(repository, 'timestamp.json');
    const { version } = JSON.parse(String(text)).signed;
    if (Number.isSafeInteger(version)) return version;
  } catch {
    // The same: it is told without what is in it.
  }
  throw new JobError('data', 'ConfigMap tuf-repository key timestamp.json is no timestamp of TUF');
}

/** @throws {JobError} contradiction, where the database lacks a tree that the logs are told to use. */
export function refuseLostTrees(
  { rekorTree, ctlogTree, rekorShards = [], ctlogShards = [] }: Identity,
  { heads }: Dumped,
): void {
  const trees = new Set(heads.map(({ tree }) => tree));
  const used = [
    ...[rekorTree, ...rekorShards].map((tree) => ['Rekor', tree] as const),
    ...[ctlogTree, ...ctlogShards].map((tree) => ['the CT log', tree] as const),
  ];
  const lost = used.find(([, tree]) => !trees.has(tree));
  if (lost === undefined) return;
  throw new JobError(
    'contradiction',
    `the database has no tree ${lost[1]}, which ${lost[0]} uses`,
    {
      hint: 'nothing was written; see what createtree says, and whether it is the database of this stack',
    },
  );
}
