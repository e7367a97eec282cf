import { differing } from './change.ts';
import { type Change, type Ref, type Snapshot, StoreError, show } from './store.ts';

/** @throws {StoreError} OWNED, where the change is to a record that another program manages. */
export function refuseOwned(ref: Ref, current: Snapshot | undefined, change: Change): void {
  if (current?.owner === undefined) return;
  const keys = differing(current, change).join(', ') || 'its metadata';
  throw owned(ref, current.owner, `${keys} would have to change`);
}

/**
 * The same before anything is made, for a record that is written last.
 *
 * @throws {StoreError} OWNED, where another program manages the record, and it lacks one of the keys.
 */
export function refuseOwnedLacking(
  ref: Ref,
  current: Snapshot | undefined,
  keys: readonly string[],
): void {
  if (current?.owner === undefined) return;
  const lacking = keys.filter((key) => !current.data[key]?.length);
  if (lacking.length > 0) throw owned(ref, current.owner, `it lacks ${lacking.join(', ')}`);
}

function owned(ref: Ref, owner: string, what: string): StoreError {
  return new StoreError('OWNED', `${show(ref)} is managed by ${owner}, but ${what}`, {
    hint:
      'nothing was written, since its owner may undo or delete that at any time; let the owner give it ' +
      'all its keys, or give it up',
  });
}
