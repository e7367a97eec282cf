import { type Change, type Ref, type Snapshot, StoreError, show } from './store.ts';

/** Whether the record already has every part of the change, byte for byte. */
export function holds(current: Snapshot, change: Change): boolean {
  const { annotations = {} } = change;
  return (
    differing(current, change).length === 0 &&
    Object.entries(annotations).every(([key, text]) => current.annotations[key] === text) &&
    (!change.immutable || current.immutable)
  );
}

/** The record's content with the change in it. */
export function changed(current: Snapshot | undefined, change: Change): Omit<Snapshot, 'version'> {
  const { remove = [] } = change;
  const staying = Object.entries(current?.data ?? {}).filter(([key]) => !remove.includes(key));
  return {
    data: { ...Object.fromEntries(staying), ...change.data },
    annotations: { ...current?.annotations, ...change.annotations },
    immutable: current?.immutable || change.immutable === true,
  };
}

/** @throws {StoreError} IMMUTABLE, where the change would alter the data of an immutable record. */
export function refuseImmutable(ref: Ref, current: Snapshot | undefined, change: Change): void {
  if (!current?.immutable) return;
  const keys = differing(current, change);
  if (keys.length === 0) return;
  throw new StoreError(
    'IMMUTABLE',
    `${show(ref)} is immutable, but ${keys.join(', ')} would have to change`,
    {
      hint: 'it was not changed; keep a copy, delete it, and put it back with what it should hold',
    },
  );
}

/** The keys that the change would alter. */
export function differing(current: Snapshot, { data = {}, remove = [] }: Change): string[] {
  const others = Object.entries(data)
    .filter(([key, bytes]) => !equal(current.data[key], bytes))
    .map(([key]) => key);
  return [...others, ...remove.filter((key) => !(key in data) && key in current.data)];
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}
