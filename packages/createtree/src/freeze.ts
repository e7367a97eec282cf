import { frozenNote, frozenText, readFrozen } from '@sigstand/contracts/shards';
import { JobError } from '@sigstand/job/errors';
import { converge } from '@sigstand/store/converge';
import { show } from '@sigstand/store/store';
import { insist, type OneTree } from './one-tree.ts';
import { coming, recordedId } from './tree.ts';

interface Freezing
  extends Pick<OneTree, 'store' | 'trillian' | 'log' | 'waitFor' | 'server' | 'record'> {
  /** How long a tree has to stay as it is before it counts as drained; milliseconds. */
  readonly stillFor: number;
}

/**
 * Ends the recorded tree, where another one is recorded to come after it: it takes no more leaves, gets those that it took,
 * and is frozen. Its length is noted.
 *
 * @throws {JobError} contradiction, where no tree comes after it: a log without a tree takes nothing.
 */
export async function freezeTree(one: Freezing): Promise<void> {
  const { store, trillian, record, log } = one;
  const place = show(record);
  const { data, annotations = {} } = (await store.read(record)) ?? {};
  const id = recordedId(place, data);
  const next = recordedId(place, data, coming);
  if (id === undefined || next === undefined) throw nothingAfter(place);
  if (id === next) {
    log(`kept tree ${id}, which has taken the place of the one before`);
    return;
  }
  if (readFrozen(annotations[frozenNote])?.tree === id && (await stateOf(one, id)) === 'FROZEN') {
    log(`kept tree ${id}, which is frozen`);
    return;
  }
  if ((await stateOf(one, id)) === 'ACTIVE') {
    await insist(one, () => trillian.setState(id, 'DRAINING').then(() => true as const));
    log(`tree ${id} takes no more entries`);
  }
  await drained(one, id);
  await insist(one, () => trillian.setState(id, 'FROZEN').then(() => true as const));
  const { size } = await insist(one, () => trillian.latestRoot(id));
  const text = frozenText({ tree: id, length: Number(size) });
  await converge(store, record, (current) =>
    recordedId(place, current?.data) === id ? { annotations: { [frozenNote]: text } } : undefined,
  );
  log(`froze tree ${id} with ${size} entries; tree ${next} comes after it`);
}

async function stateOf(one: Freezing, id: string): Promise<string> {
  const tree = await insist(one, async () => ({ found: await one.trillian.getTree(id) }));
  const { state, deleted } = tree.found ?? { state: '', deleted: true };
  if (!deleted && ['ACTIVE', 'DRAINING', 'FROZEN'].includes(state)) return state;
  throw new JobError('contradiction', `Trillian has no tree ${id} that could be frozen`, {
    hint: "nothing was changed; restore Trillian's database, or this record, from your backup (docs/backup.md)",
  });
}

/** Waits until the tree has all that it took: whoever sent something waits for it, and Rekor tells nobody before. */
async function drained(one: Freezing, id: string): Promise<void> {
  let size: bigint | undefined;
  let since = performance.now();
  await insist(one, async () => {
    const root = await one.trillian.latestRoot(id);
    if (root?.size !== size) since = performance.now();
    size = root?.size;
    return size !== undefined && performance.now() - since >= one.stillFor ? true : undefined;
  });
}

function nothingAfter(place: string): JobError {
  return new JobError('contradiction', `${place} names no tree that comes after another one`, {
    hint: 'nothing was changed; run it with --next first',
  });
}
