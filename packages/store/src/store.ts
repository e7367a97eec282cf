/** Names one object of a namespace. */
export interface Named {
  readonly kind:
    | ('Secret' | 'ConfigMap' | 'Event' | 'ServiceAccount' | 'Service' | 'Pod')
    | ('Job' | 'CronJob' | 'Deployment' | 'Lease');
  readonly namespace: string;
  readonly name: string;
}

/** Names one Secret or ConfigMap. */
export interface Ref extends Named {
  readonly kind: 'Secret' | 'ConfigMap';
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
  /** Keys that go; that one is not there is no error. */
  readonly remove?: readonly string[];
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
  /** Who else decides what the record holds and how long it lives, such as `ExternalSecret ca`; else undefined. */
  readonly owner?: string | undefined;
  readonly version: string;
}

/** What people should see who look at a record. */
export interface Notice {
  /** One word for programs, in CamelCase; one record has one notice for each. */
  readonly reason: string;
  /** At most 1,024 bytes. */
  readonly message: string;
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

  /**
   * Warns those who look at a record: on a cluster by an Event, which goes after an hour. A store that
   * has no such place does nothing.
   *
   * @throws {StoreError}
   */
  warn(ref: Ref, notice: Notice): Promise<void>;
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
  | 'OWNED' // the record is there, and another program's to write
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

/** The Event that warns about a record; a Role can name it, since it is always the same. */
export function eventOf({ namespace, name }: Ref, { reason }: Notice): Named {
  return { kind: 'Event', namespace, name: `${name}.${reason.toLowerCase()}` };
}

/** An object's place in words, as kubectl would name it. */
export function show(ref: Named): string {
  return `${ref.kind} ${ref.namespace}/${ref.name}`;
}
