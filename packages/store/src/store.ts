/** Names one Secret or ConfigMap. */
export interface Ref {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

/** The Secret of that name. */
export function secretIn(namespace: string, name: string): Ref {
  return { kind: 'Secret', namespace, name };
}

/** The bytes under each key of a record. */
export type Data = Readonly<Record<string, Uint8Array>>;

/** Notes beside the data that no Pod mounts, such as a reservation. */
export type Annotations = Readonly<Record<string, string>>;

/** What a write sets. Keys and annotations that it does not name stay as they are. */
export interface Change {
  readonly data?: Data;
  readonly annotations?: Annotations;
  /** True makes the record immutable, for good; all else leaves it as it is. */
  readonly immutable?: boolean;
}

/** A record as it was read, with what `write` needs to replace exactly that version of it. */
export interface Snapshot {
  readonly data: Data;
  readonly annotations: Annotations;
  /** Whether its data may never change again. */
  readonly immutable: boolean;
  readonly version: string;
}

/** Where records live: a cluster, a directory, or memory. */
export interface Store {
  /**
   * Resolves to undefined where there is no such record.
   *
   * @throws {StoreError}
   */
  read(ref: Ref): Promise<Snapshot | undefined>;

  /**
   * Changes the version given, or creates the record where none is given. All of the change becomes
   * visible at once, or none of it.
   *
   * @throws {StoreError} With code CONFLICT where somebody else wrote first, IMMUTABLE where the data
   *   of an immutable record would change.
   */
  write(ref: Ref, change: Change, replacing?: Snapshot): Promise<void>;
}

/** Why a store did not do what it was asked. */
export type StoreErrorCode =
  | 'CONFLICT' // somebody else wrote first: read again
  | 'FORBIDDEN' // the identity may not do this (yet)
  | 'UNAUTHENTICATED' // the identity is not known
  | 'NO_NAMESPACE' // nothing can be written where the namespace is missing
  | 'TERMINATING' // the namespace is on its way out
  | 'INVALID' // the store will never take this
  | 'REFUSED' // a rule of the store's owner is against it: a quota, a policy, a webhook
  | 'IMMUTABLE' // the record is there and may not change
  | 'UNAVAILABLE' // the store did not answer, or asked to come back later
  | 'UNEXPECTED';

/**
 * A store's refusal: what was tried on which record, and where the store knows it, what to do. It
 * never carries the record's content.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly hint: string | undefined;

  constructor(
    code: StoreErrorCode,
    message: string,
    options: ErrorOptions & { hint?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
  }
}

/** A record's place in words, as kubectl would name it. */
export function show(ref: Ref): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}
