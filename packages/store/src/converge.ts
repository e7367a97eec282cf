import { setTimeout as sleep } from 'node:timers/promises';
import { holds, refuseImmutable } from './change.ts';
import { refuseOwned } from './owned.ts';
import { type Change, type Ref, type Snapshot, type Store, StoreError, show } from './store.ts';

const attempts = 10;

/**
 * Brings one record to what `desire` wants and resolves to the record as it is stored then. `desire`
 * is asked with what is there now; undefined means that nothing needs to change. Where somebody else
 * writes first, their record is read and `desire` is asked again, so that every process that runs at
 * the same time ends with the same record.
 *
 * @throws {StoreError} CONFLICT where others keep writing first, IMMUTABLE or OWNED where the record may
 *   not become what is wanted.
 */
export async function converge(
  store: Store,
  ref: Ref,
  desire: (current: Snapshot | undefined) => Change | undefined | Promise<Change | undefined>,
): Promise<Snapshot> {
  let refused: Change | undefined;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const current = await store.read(ref);
    // It was ours that came first, and the answer was lost on the way.
    if (current && refused && holds(current, refused)) return current;
    const change = await desire(current);
    if (change === undefined) {
      if (current === undefined)
        throw new StoreError('UNEXPECTED', `${show(ref)} was wanted empty`);
      return current;
    }
    refuseOwned(ref, current, change);
    refuseImmutable(ref, current, change);
    if (!(await isWritten(store.write(ref, change, current)))) {
      refused = change;
      await sleep(Math.random() * 20 * attempt);
      continue;
    }
    // What is stored counts, not what this process remembers: a public key is published from here.
    const stored = await store.read(ref);
    if (stored !== undefined && holds(stored, change)) return stored;
  }
  throw new StoreError('CONFLICT', `${show(ref)} was changed by others ${attempts} times in a row`);
}

/** False where somebody else wrote first. */
async function isWritten(writing: Promise<void>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'CONFLICT') throw error;
    return false;
  }
}
