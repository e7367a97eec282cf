import { JobError } from '@sigstand/job/errors';
import { contrasted, listed } from '@sigstand/job/listed';
import { type Ref, show } from '@sigstand/store/store';
import type { Identity } from '../backup/manifest.ts';
import { type Kept, showKept, valueIn } from '../backup/object.ts';
import type { Read } from '../backup/objects.ts';

/** An object that is there, and is another one than the backup's. */
export interface Different {
  readonly kept: Kept;
  readonly found: Read;
  /** Where they differ, in words; nothing of what they hold. */
  readonly where: readonly string[];
}

/** What is to be done with the objects of a backup. */
export interface Plan {
  /** Namespaces come first. */
  readonly create: readonly Kept[];
  readonly same: readonly Kept[];
  readonly different: readonly Different[];
}

/** What the objects of a backup are to a cluster that has those `found`. */
export function planFor(objects: readonly Kept[], found: readonly Read[]): Plan {
  const there = new Map(found.map((one) => [showKept(one.kept), one]));
  const create: Kept[] = [];
  const same: Kept[] = [];
  const different: Different[] = [];
  for (const kept of objects) {
    const now = there.get(showKept(kept));
    const where = now && differences(kept, now.kept);
    if (now === undefined || where === undefined) create.push(kept);
    else if (where.length === 0) same.push(kept);
    else different.push({ kept, found: now, where });
  }
  const namespaces = create.filter(({ kind }) => kind === 'Namespace');
  return { create: [...new Set([...namespaces, ...create])], same, different };
}

/** Where two objects of a name differ, as far as a stack is concerned: what others note at them is theirs. */
export function differences(one: Kept, other: Kept): string[] {
  if (one.kind === 'Namespace') return [];
  const keys = new Set([one, other].flatMap(({ data, binaryData }) => namesIn(data, binaryData)));
  const differing = [...keys].filter((key) => {
    const [a, b] = [valueIn(one, key), valueIn(other, key)];
    return Buffer.compare(a ?? Buffer.alloc(0), b ?? Buffer.alloc(0)) !== 0;
  });
  const notes = (kept: Kept) => kept.metadata.annotations ?? {};
  const noted = new Set([one, other].flatMap((kept) => namesIn(notes(kept)).filter(isOurs)));
  const differently = [...noted].filter((note) => notes(one)[note] !== notes(other)[note]);
  return [
    ...differing.sort().map((key) => `key ${key}`),
    ...differently.sort().map((note) => `annotation ${note}`),
    ...(one.immutable === other.immutable ? [] : ['immutable']),
  ];
}

function isOurs(annotation: string): boolean {
  return annotation.startsWith('sigstand.dev/');
}

function namesIn(...maps: readonly (Readonly<Record<string, string>> | undefined)[]): string[] {
  return maps.flatMap((map) => Object.keys(map ?? {}));
}

/**
 * A file may come from anybody: whom it is encrypted to says nothing of who made it.
 *
 * @throws {JobError} data, where it holds something that is no part of its stack, and so is not restored.
 */
export function refuseStrange(objects: readonly Kept[], refs: readonly Ref[]): void {
  const own = new Set(refs.flatMap((one) => [show(one), `Namespace ${one.namespace}`]));
  const strange = objects.find((kept) => !own.has(showKept(kept)));
  if (strange === undefined) return;
  throw new JobError('data', `the backup has ${showKept(strange)}, which is no part of a stack`, {
    hint: 'nothing was written; take the version of sigstand that made it, if it comes from you',
  });
}

/** @throws {JobError} contradiction, where the cluster has another stack under these names. */
export function refuseOtherStack(backup: Identity, cluster: Partial<Identity>): void {
  const told = {
    firstRoot: 'its first root is',
    rekorTree: 'Rekor’s tree is',
    ctlogTree: 'the CT log’s tree is',
  } as const;
  for (const [name, words] of Object.entries(told)) {
    const field = name as keyof typeof told;
    const [wanted, found] = [backup[field], cluster[field]];
    if (found === undefined || found === wanted) continue;
    throw new JobError(
      'contradiction',
      `the cluster has another stack under these names: ${words} ${found}, and the backup’s ${wanted}`,
      {
        hint: 'nothing was written; take another cluster, or delete that stack first if nobody needs it',
      },
    );
  }
}

/** Objects that differ, where nobody said what is to be done with them. */
export class Differs extends JobError {
  readonly different: readonly Different[];

  constructor(different: readonly Different[]) {
    const few = different.map(({ kept, where }) => `${showKept(kept)} (${listed(where)})`);
    super('contradiction', `the cluster has other values than the backup: ${listed(few)}`, {
      hint: 'nothing was written; --keep-different leaves those as they are, --overwrite-different puts the backup’s in their place; --json has all of them',
    });
    this.different = different;
  }
}

/** @throws {Differs} */
export function refuseDifferent({ different }: Plan): void {
  if (different.length > 0) throw new Differs(different);
}

/** @throws {JobError} data, where flags name another stack than that of the backup. */
export function refuseOtherNames(
  { namespacePrefix = '', singleNamespace = '' }: Identity,
  flags: { namespacePrefix?: string | undefined; singleNamespace?: string | undefined },
): void {
  const { namespacePrefix: prefix, singleNamespace: single } = flags;
  if (prefix === undefined && single === undefined) return;
  if ((prefix ?? '') === namespacePrefix && (single ?? '') === singleNamespace) return;
  const [names] = contrasted([singleNamespace || `${namespacePrefix}tuf-system`], []);
  throw new JobError(
    'data',
    `the backup is of a stack with the namespace ${names}, and not of what the flags name`,
    {
      hint: 'leave the flags out: a stack is restored under its own names, which its clients hold',
    },
  );
}
