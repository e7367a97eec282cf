import { rekorConfig } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import type { Store } from '@sigstand/store/store';
import { createTree } from './job.ts';
import type { NewTree, Tree } from './tree.ts';
import type { Trillian } from './trillian.ts';
import { TrillianError } from './trillian-error.ts';

interface Stored extends Tree {
  readonly request: NewTree;
  readonly size: bigint | undefined;
}

/** A Trillian in memory, with the rules of the real one; `trees` is what its database holds. */
export function memoryTrillian() {
  const trees = new Map<string, Stored>();
  let made = 0n;
  const change = (id: string, to: Partial<Stored>) => trees.set(id, { ...live(id), ...to });
  const live = (id: string): Stored => {
    const tree = trees.get(id);
    if (!tree || tree.deleted) throw new TrillianError('NOT_FOUND', `tree ${id} not found`);
    return tree;
  };

  const trillian: Trillian = {
    getTree: async (id) => trees.get(id),
    listTrees: async () => [...trees.values()].filter(({ deleted }) => !deleted),
    async createTree(request) {
      // Larger than any number can hold, and falling, so that the latest is not the first in order.
      made += 1n;
      const id = String(9_007_199_254_740_993_123n - made);
      const { treeState: state, treeType: type, displayName, description } = request;
      const rest = { displayName, description, deleted: false, request, size: undefined };
      trees.set(id, { id, state, type, ...rest });
      return live(id);
    },
    async initLog(id) {
      const tree = trees.get(id);
      if (!tree || tree.deleted)
        throw new TrillianError('FAILED_PRECONDITION', 'getTreeAndHasher()');
      if (tree.size === undefined) change(id, { size: 0n });
    },
    async setState(id, state) {
      live(id);
      change(id, { state });
    },
    async deleteTree(id) {
      if (trees.get(id)?.deleted === false) change(id, { deleted: true });
    },
    async latestRoot(id) {
      const { size, deleted } = trees.get(id) ?? { size: undefined, deleted: true };
      return size === undefined || deleted ? undefined : { size };
    },
    close() {},
  };
  return { trillian, trees, change, live: () => [...trees.values()].filter((one) => !one.deleted) };
}

let tokens = 0;
export const newToken = () => (++tokens).toString(16).padStart(16, '0');

/** A cluster with Trillian, and a way to run the Job in it. */
export function world() {
  const { trillian, ...inside } = memoryTrillian();
  const store = memoryStore();
  const run = (args: string[] = [], seen: { store?: Store; trillian?: Trillian } = {}) =>
    runJob(
      createTree({ connect: () => seen.trillian ?? trillian, newToken, stillFor: 20 }),
      seen.store ?? store,
      {
        args,
      },
    );
  const recorded = async () => {
    const bytes = (await store.read(rekorConfig))?.data.treeID;
    return bytes && Buffer.from(bytes).toString();
  };
  const record = async (treeID: string) =>
    store.write(rekorConfig, { data: { treeID: utf8(treeID) } }, await store.read(rekorConfig));
  return { store, trillian, run, recorded, record, ...inside };
}

/** A process that is killed at its nth effect: before it is done, or after, with no answer. */
export interface Kill {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/**
 * The store and Trillian as one process sees them. `effects` counts what it did; from its kill on
 * nothing that it does takes effect. `pause` runs before each effect, to mix processes.
 */
export function oneProcess(
  world: { store: Store; trillian: Trillian },
  { kill, pause = async () => {} }: { kill?: Kill; pause?: () => Promise<void> } = {},
) {
  const seen = { effects: 0, dead: false };
  const die = () => {
    seen.dead = true;
    throw new Error('killed');
  };
  const effect = async <T>(act: () => Promise<T>): Promise<T> => {
    await pause();
    if (seen.dead) die();
    seen.effects += 1;
    const now = kill?.at === seen.effects ? kill.when : undefined;
    if (now === 'before') die();
    const result = await act();
    if (now === 'after') die();
    return result;
  };
  const { store, trillian } = world;
  return {
    seen,
    store: {
      ...store,
      read: (ref) => effect(() => store.read(ref)),
      write: (ref, change, replacing) => effect(() => store.write(ref, change, replacing)),
    } satisfies Store,
    trillian: {
      getTree: (id) => effect(() => trillian.getTree(id)),
      listTrees: () => effect(() => trillian.listTrees()),
      createTree: (tree) => effect(() => trillian.createTree(tree)),
      initLog: (id) => effect(() => trillian.initLog(id)),
      setState: (id, state) => effect(() => trillian.setState(id, state)),
      deleteTree: (id) => effect(() => trillian.deleteTree(id)),
      latestRoot: (id) => effect(() => trillian.latestRoot(id)),
      close: () => trillian.close(),
    } satisfies Trillian,
  };
}
