import type { Data, Ref } from '@sigstand/store/store';

/** One Secret or ConfigMap that Jobs and Pods hand to each other: its place and its keys. */
export interface Contract<Key extends string = string> extends Ref {
  readonly keys: readonly Key[];
  /** Keys that it has only after something was done to the stack. */
  readonly later?: readonly string[];
  /** The Job that writes it. */
  readonly madeBy: JobName;
  /** Who reads it, in words. */
  readonly usedBy: string;
  /** Whether everybody may know what it holds. */
  readonly public: boolean;
  /** The annotations that Jobs keep on it, which a backup must keep as well. */
  readonly notes?: readonly string[];
  /** What its loss costs, where no backup has it; or what makes it again. */
  readonly without: string;
}

/** The seven, each by its package, its image and its file in `dist`. */
export const jobNames = [
  'copysecrets',
  'createcertchain',
  'createcerts',
  'createctconfig',
  'createsecret',
  'createtree',
  'createtuf',
] as const;

export type JobName = (typeof jobNames)[number];

/** The data of a record that has all its contract's keys. */
export type FilledBy<C> = C extends Contract<infer Key> ? Readonly<Record<Key, Uint8Array>> : never;

/** The record's data by key, or undefined where a key is missing or empty. */
export function filled<Key extends string>(
  contract: Pick<Contract<Key>, 'keys'>,
  data: Data | undefined,
): Readonly<Record<Key, Uint8Array>> | undefined {
  if (data === undefined || missing(contract, data).length > 0) return undefined;
  return Object.fromEntries(contract.keys.map((key) => [key, data[key]])) as Record<
    Key,
    Uint8Array
  >;
}

/** The contract's keys that the record lacks, or holds nothing under. */
export function missing<Key extends string>(
  contract: Pick<Contract<Key>, 'keys'>,
  data: Data | undefined,
): Key[] {
  return contract.keys.filter((key) => (data?.[key]?.length ?? 0) === 0);
}
