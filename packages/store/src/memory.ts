import { changed, refuseImmutable } from './change.ts';
import { type Change, type Ref, type Snapshot, type Store, StoreError, show } from './store.ts';

/** A store that lives as long as the process; for tests, seeded with what a cluster would hold. */
export function memoryStore(): Store {
  const records = new Map<string, Snapshot>();
  let writes = 0;

  return {
    async read(ref) {
      const found = records.get(show(ref));
      return found && structuredClone(found);
    },

    async write(ref: Ref, change: Change, replacing?: Snapshot) {
      const current = records.get(show(ref));
      if (current?.version !== replacing?.version) {
        throw new StoreError('CONFLICT', `${show(ref)} was changed by somebody else`);
      }
      refuseImmutable(ref, current, change);
      writes += 1;
      const next = { ...changed(current, change), version: String(writes) };
      records.set(show(ref), structuredClone(next));
    },

    async warn() {},
  };
}
