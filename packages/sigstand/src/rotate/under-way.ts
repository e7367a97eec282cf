import { rekorConfig, tufKeys } from '@sigstand/contracts/records';
import { nextTree } from '@sigstand/contracts/shards';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask, metadataOnly } from '@sigstand/store/api';
import { pathOf } from '@sigstand/store/bodies';
import { type Named, type Ref, StoreError, secretIn } from '@sigstand/store/store';
import { type Naming, namespaceOf } from '../names.ts';
import { groundOver } from './cluster.ts';
import { passwordKeeper } from './database-ground.ts';
import { databaseWork } from './database-work.ts';
import type { Ground } from './ground.ts';
import { kindNames, kinds } from './kinds.ts';
import { sharedClock } from './lease.ts';
import type { Lease } from './lease-state.ts';
import { logWork } from './log-work.ts';
import type { Stuck } from './next.ts';
import { databaseRecord, recordOf } from './record.ts';
import { keyWork } from './run.ts';
import { rootWork, tufKindNames, tufNotes } from './tuf-root.ts';
import type { Told, Work } from './work.ts';

/** A rotation that was begun, and is not at its end. */
export interface UnderWay {
  /** What follows `sigstand rotate` to go on with it. */
  readonly what: readonly string[];
  /** Undefined where the caller may not see what it depends on. */
  readonly next: Told | Stuck | undefined;
}

/** Rotations, and who works on the stack by the Lease. */
export interface Rotations {
  readonly underWay: readonly UnderWay[];
  readonly lease: Lease | undefined;
  /** By the clock that the Lease goes by. */
  readonly at: Date;
}

interface Looking {
  readonly naming: Naming;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** An object, as far as it is read to tell whether a rotation is under way. */
interface Shown {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * The rotations of a stack that are under way. Of Secrets the metadata alone is read, until one is: what comes next is in
 * the records themselves. What the caller may not look at is passed over.
 */
export async function rotationsUnderWay(access: Access, looking: Looking): Promise<Rotations> {
  const { naming } = looking;
  const found = await Promise.all(
    placesOf(naming).map(async ({ ref, isUnderWay, ...one }) => {
      const shown = await shownAt<Shown>(access, ref, ref.kind === 'Secret');
      return shown && isUnderWay(shown) ? [one] : [];
    }),
  );
  const begun = found.flat();
  if (begun.length === 0) return { underWay: [], lease: undefined, at: looking.now() };
  const now = await sharedClock(access, looking.now);
  const ground = groundOver(access, { ...looking, now });
  const underWay = await Promise.all(
    begun.map(async ({ what, work }) => ({
      what,
      next: (await quietly(() => work(ground, access, { ...looking, now })))?.plan[0],
    })),
  );
  const lease: Named = { kind: 'Lease', namespace: namespaceOf(naming, 'tuf'), name: 'sigstand' };
  return { underWay, lease: await shownAt<Lease>(access, lease, false), at: now() };
}

interface Place {
  readonly what: readonly string[];
  readonly ref: Ref;
  readonly isUnderWay: (shown: Shown) => boolean;
  readonly work: (ground: Ground, access: Access, looking: Looking) => Promise<Work>;
}

/** Where each rotation is noted as long as it is under way. */
function placesOf(naming: Naming): Place[] {
  const goingOn = { lead: 0, giveUp: false, keepOld: false, newLog: false };
  const keys = kindNames.map((name): Place => {
    const kind = kinds[name];
    return {
      what: [name],
      ref: recordOf(kind, namespaceOf(naming, kind.system)),
      isUnderWay: () => true,
      work: (ground, _access, { signal }) =>
        keyWork(ground, { ...goingOn, kind, naming, linger: kind.linger, signal }),
    };
  });
  const roots = tufKindNames.map(
    (name): Place => ({
      what: [name],
      ref: secretIn(namespaceOf(naming, 'tuf'), tufKeys.name),
      isUnderWay: ({ metadata }) => Boolean(metadata?.annotations?.[tufNotes[name]]),
      work: (ground) => rootWork(ground, naming, name),
    }),
  );
  const log: Place = {
    what: ['rekor', '--new-log'],
    ref: { kind: 'ConfigMap', namespace: namespaceOf(naming, 'rekor'), name: rekorConfig.name },
    isUnderWay: ({ data }) => data?.[nextTree] !== undefined,
    work: (ground) => logWork(ground, naming),
  };
  const database: Place = {
    what: ['database'],
    ref: databaseRecord(naming),
    isUnderWay: () => true,
    work: (ground, access, { now }) => {
      const keeper = passwordKeeper(access, namespaceOf(naming, 'trillian'), { now });
      return databaseWork(ground, { naming, keeper, giveUp: false });
    },
  };
  return [...keys, ...roots, log, database];
}

/** Undefined where it is not there, or may not be looked at: other checks say who does not answer. */
async function shownAt<T>(access: Access, ref: Named, alone: boolean): Promise<T | undefined> {
  const question = {
    method: 'GET',
    path: pathOf(ref),
    ...(alone && { accept: metadataOnly }),
  } as const;
  return ask(access, question).catch(() => undefined) as Promise<T | undefined>;
}

async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof JobError || error instanceof StoreError) return undefined;
    throw error;
  }
}
