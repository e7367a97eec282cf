import { type Change, type Named, type Ref, type Snapshot, StoreError, show } from './store.ts';

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
    { hint: howToThaw(ref) },
  );
}

/**
 * How somebody makes a record mutable again, which Kubernetes does only by making it anew: with all
 * that it holds, so that no key is lost, nor an annotation that tells when it was made.
 */
export function howToThaw({ kind, namespace, name }: Named): string {
  const one = `${kind.toLowerCase()} -n ${namespace} ${name}`;
  return (
    `nothing was changed; keep all of it: kubectl get ${one} -o yaml > FILE; take the line immutable out of FILE, ` +
    'and put it back: kubectl replace --force -f FILE; then run this again, which keeps what is there'
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
