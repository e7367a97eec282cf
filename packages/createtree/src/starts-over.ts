import { rekorConfig } from '@sigstand/contracts/records';
import { JobError } from '@sigstand/job/errors';
import { listed } from '@sigstand/job/listed';
import { type Ref, show } from '@sigstand/store/store';
import type { Tree } from './tree.ts';

const [key] = rekorConfig.keys;

/** A tree that is not new to its log: it has entries. */
export interface Used extends Pick<Tree, 'id' | 'state'> {
  readonly size: bigint;
}

/** A tree, and how much is in it, in words. */
export function told({ id, size, state }: Used): string {
  const entries = `tree ${id} with ${size} ${size === 1n ? 'entry' : 'entries'}`;
  // A log that went on in another tree has such ones before it.
  return state === 'ACTIVE' ? entries : `${entries} (${state})`;
}

/**
 * The reason to make no tree: Trillian has this log's entries already, by its name, and no record says so.
 * Another stack in the same Trillian would look the same.
 */
export function startsOver(
  { server, record, displayName }: { server: string; record: Ref; displayName: string },
  trees: readonly Used[],
  { recordIsThere }: { recordIsThere: boolean },
): JobError {
  const { namespace, name } = record;
  const id = trees.length === 1 ? (trees[0]?.id ?? 'ID') : 'ID';
  const puttingBack = recordIsThere
    ? `kubectl patch configmap -n ${namespace} ${name} -p '{"data": {"${key}": "${id}"}}'`
    : `kubectl create configmap -n ${namespace} ${name} --from-literal=${key}=${id}`;
  const named = displayName === '' ? 'without a name' : `named ${displayName}`;
  return new JobError(
    'contradiction',
    `${server} has ${listed(trees.map(told))}, ${named}, and ${show(record)} names no tree`,
    {
      hint:
        `nothing was changed; if it is this log's, put its ID back: ${puttingBack}; ` +
        "if it is another log's, give this one another --display-name; " +
        'or start a new and empty log with --force',
    },
  );
}
