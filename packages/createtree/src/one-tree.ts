import { listed } from '@sigstand/job/listed';
import type { Log } from '@sigstand/job/log';
import type { Awaited, WaitFor } from '@sigstand/job/wait';
import { converge } from '@sigstand/store/converge';
import { type Ref, type Store, show } from '@sigstand/store/store';
import { startsOver, type Used } from './starts-over.ts';
import {
  carrying,
  coming,
  flaw,
  type Intent,
  intentOf,
  madeFor,
  type NewTree,
  publication,
  recordedId,
  reservation,
  type Slot,
  siblings,
  type Tree,
  tokenOf,
  usable,
} from './tree.ts';
import type { Trillian } from './trillian.ts';
import { stopAt, TrillianError } from './trillian-error.ts';

/*
 * Trillian has no idempotency key: two requests, two trees. So a token is written to the record
 * first, and a tree's description carries it. Whoever comes later, after a crash or at the same
 * time, finds the tree by the token and goes on with it. The record's first writer decides which
 * tree it is; the others of that token are deleted.
 */

export interface OneTree {
  readonly store: Store;
  readonly trillian: Trillian;
  readonly log: Log;
  readonly waitFor: WaitFor;
  /** Trillian and its address, in words. */
  readonly server: string;
  readonly record: Ref;
  readonly wanted: NewTree;
  /** Which tree of the record is meant. */
  readonly slot: Slot;
  /** The recorded tree that a new one takes the place of; a record that names another is final. */
  readonly replaces: string | undefined;
  /** Whether a new tree is made also where Trillian has one of its name with entries. */
  readonly force: boolean;
  readonly newToken: () => string;
}

/** Brings the record to name one live tree, made if need be, and Trillian to have no other for it. */
export async function keepOneTree(one: OneTree): Promise<void> {
  if (!one.force) await refuseToStartOver(one);
  const ready = await insist(one, () => readyTree(one));
  if (ready.intent === undefined) return verified(one, ready.id);

  const { intent, id } = ready;
  const { slot } = one;
  const place = show(one.record);
  const record = await converge(one.store, one.record, (current) =>
    publication(place, current, { slot, intent, id }),
  );
  const recorded = recordedId(place, record.data, slot) ?? id;
  if (recorded === id) {
    one.log(`${ready.made ? 'created' : 'adopted'} tree ${id}, recorded in ${place}`);
    if (slot === coming) one.log(`it comes after tree ${one.replaces}, which goes on until then`);
    else if (one.replaces) one.log(`tree ${one.replaces}, recorded before, stays in Trillian`);
  }
  await insist(one, () => tidied(one, { token: intent.token, kept: recorded }));
  if (recorded !== id) await verified(one, recorded);
}

/**
 * Without a record, a tree of the log's name that has entries is this log's from before, or another
 * stack's: a new tree beside it would be a second log. One without entries is left alone and not adopted,
 * since another stack's Rekor may be about to write to it.
 *
 * @throws {JobError} contradiction, before anything is written.
 */
async function refuseToStartOver(one: OneTree): Promise<void> {
  const { store, record, trillian, wanted, log } = one;
  if (recordedId(show(record), (await store.read(record))?.data) !== undefined) return;
  const { trees, named } = await insist(one, async () => {
    const trees = await trillian.listTrees();
    return { trees, named: await sizesByName(one, trees) };
  });
  // Read again: who makes a tree for this record has reserved it there before.
  const current = await store.read(record);
  const intent = intentOf(current);
  if (recordedId(show(record), current?.data) !== undefined) return;
  if (intent && madeFor(intent, { type: wanted.treeType, trees })) return;
  const used = named.filter(({ size }) => size > 0n);
  const about = { ...one, displayName: wanted.displayName };
  if (used.length > 0) throw startsOver(about, used, { recordIsThere: current !== undefined });
  if (named.length > 0) {
    const ids = listed(named.map(({ id }) => id));
    log(
      `warning: Trillian has ${ids} of the same name, without entries: no server may use it any more`,
    );
  }
}

/** How many entries the trees of this log's name have. */
async function sizesByName(
  { trillian, wanted }: OneTree,
  trees: readonly Tree[],
): Promise<readonly Used[]> {
  const named = trees.filter(({ displayName }) => displayName === wanted.displayName);
  return Promise.all(
    named.map(async ({ id, state }) => ({
      ...{ id, state },
      size: (await trillian.latestRoot(id))?.size ?? 0n,
    })),
  );
}

interface Ready {
  readonly id: string;
  /** What the tree was made for; undefined where the record named it already. */
  readonly intent?: Intent;
  readonly made?: boolean;
}

/** One try at a tree that takes entries: from what is stored, whatever the last try came to. */
async function readyTree(one: OneTree): Promise<Ready | undefined> {
  const { store, record, trillian, wanted, replaces, slot } = one;
  const place = show(record);
  const current = await converge(store, record, (now) => reservation(place, now, one));
  const recorded = recordedId(place, current.data, slot);
  const intent = intentOf(current, slot);
  const isFinal = slot === coming || recorded !== replaces;
  if (recorded !== undefined && isFinal) return { id: recorded };
  if (intent === undefined) return undefined;

  const trees = await trillian.listTrees();
  const found = madeFor(intent, { type: wanted.treeType, trees });
  const { id } = found ?? (await trillian.createTree(carrying(wanted, intent)));
  await trillian.initLog(id);
  const root = await trillian.latestRoot(id);
  return root && { id, intent, made: found === undefined };
}

async function verified(one: OneTree, id: string): Promise<void> {
  const { record, wanted, trillian, log } = one;
  const place = show(record);
  const { found, others } = await insist(one, async () => {
    const found = await trillian.getTree(id);
    const isUsable = found && !flaw(found, wanted.treeType);
    const named = isUsable ? [] : await sizesByName(one, await trillian.listTrees());
    return { found, others: named.filter((other) => other.id !== id && other.size > 0n) };
  });
  const moves = recordedId(place, (await one.store.read(record))?.data, coming) !== undefined;
  const tree = usable(found, { id, type: wanted.treeType, place, others, moves });
  if (tree.displayName !== wanted.displayName) {
    log(
      `warning: tree ${id} is named ${JSON.stringify(tree.displayName)} in Trillian: look whose it is`,
    );
  }
  const token = tokenOf(tree);
  if (token !== undefined) await insist(one, () => tidied(one, { token, kept: id }));
  log(`kept tree ${id}, recorded in ${place}`);
}

/**
 * Deletes what processes that were killed, or came second, made for the same intent. A tree that has
 * entries is never deleted: somebody uses it, whatever its description says.
 */
async function tidied(
  { trillian, log }: OneTree,
  { token, kept }: { token: string; kept: string },
): Promise<true> {
  for (const { id } of siblings(kept, { token, trees: await trillian.listTrees() })) {
    const root = await trillian.latestRoot(id);
    if (root !== undefined && root.size > 0n) {
      log(`tree ${id} was made in place of tree ${kept} and has entries: look who writes to it`);
      continue;
    }
    await trillian.deleteTree(id);
    log(`deleted tree ${id}, which was made in place of tree ${kept} and never used`);
  }
  return true;
}

/** Tries until there is a result, and says once for each of Trillian's answers why there is none. */
export function insist<T>(
  { server, log, waitFor }: Pick<OneTree, 'server' | 'log' | 'waitFor'>,
  act: () => Promise<T | undefined>,
): Promise<T> {
  const told = new Set<string>();
  let answer = '';
  const awaited: Awaited = {
    what: server,
    get hint() {
      return answer && `its last answer was ${answer}`;
    },
  };
  return waitFor<T>(awaited, async () => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof TrillianError)) throw error;
      const reason = stopAt(server, error);
      if (reason) throw reason;
      answer = error.message;
      if (!told.has(answer)) log(`${server} answered ${answer}`);
      told.add(answer);
      return undefined;
    }
  });
}
