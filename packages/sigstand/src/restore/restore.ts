import { setTimeout as sleep } from 'node:timers/promises';
import type { Contract } from '@sigstand/contracts/contract';
import { JobError } from '@sigstand/job/errors';
import type { Log } from '@sigstand/job/log';
import { type Access, ask, hasStatus } from '@sigstand/store/api';
import type { Ref } from '@sigstand/store/store';
import type { Head } from '../backup/heads.ts';
import { identityOf } from '../backup/identity.ts';
import type { Kept } from '../backup/object.ts';
import { readAll } from '../backup/objects.ts';
import { type Database, databasePod, podState } from '../database.ts';
import type { Contents } from './contents.ts';
import { type Held, load } from './load.ts';
import { type Plan, planFor, refuseDifferent, refuseOtherStack, refuseStrange } from './plan.ts';
import { create, overwrite } from './put-back.ts';
import { clearTreeJobs, type TreeJobs } from './tree-jobs.ts';

/** What is restored, and where. */
export interface Restore {
  readonly access: Access;
  readonly contracts: readonly Contract[];
  /** What may be in the backup as well. */
  readonly also: readonly Ref[];
  readonly contents: Contents;
  /** The heads of the logs that were seen before the loss. */
  readonly seen: readonly Head[];
  /** The dump again, for the database. */
  readonly dump: () => AsyncIterable<Buffer>;
  readonly namespace: string;
  readonly database: Database;
  readonly different: 'refuse' | 'keep' | 'overwrite';
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  readonly objectsOnly: boolean;
  /** Milliseconds to wait for the database's Pod. */
  readonly timeout: number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Does what writes while no other operator works on the same stack. @throws {JobError} tryAgain, where one does. */
  readonly alone: <T>(work: (lost: AbortSignal) => Promise<T>) => Promise<T>;
}

/** What a restore came to. */
export interface Restored {
  readonly plan: Plan;
  readonly database: Held | 'external' | 'left';
  readonly jobs?: TreeJobs;
}

/**
 * Puts a backup back: the objects, and then the database, which comes before all that asks it. Each step is one that is
 * done or not: whatever cuts it short, the next run finds what is there, and goes on.
 *
 * @throws {JobError} Before anything is written, where something else is in the way.
 */
export async function restore(one: Restore): Promise<Restored> {
  const { contents, access, contracts, also, dryRun, objectsOnly, different } = one;
  const { manifest, objects } = contents;
  const own = [...contracts, ...also];
  refuseStrange(objects, own);
  const found = await readAll(access, own);
  const there = found.map(({ kept }) => kept);
  refuseOtherStack(manifest.stack, identityOf(contracts, there, manifest.stack));
  const plan = planFor(objects, found);
  if (different === 'refuse') refuseDifferent(plan);
  // Asked first: where the database has something else, the objects are not put beside it.
  const isReady = (await podState(access, one.namespace)) === 'ready';
  const left = manifest.database === 'external' ? 'external' : 'left';
  const wants = left === 'left' && !objectsOnly;
  const held = wants && isReady ? await load({ ...one, dryRun: true }) : left;
  if (dryRun) return { plan, database: held };
  const isNamespace = ({ kind }: Kept) => kind === 'Namespace';
  // Who works on the stack says so in one of them; where that is not there yet, nobody does.
  await createAll(one, plan.create.filter(isNamespace));
  return one.alone(async (signal) => {
    const locked = { ...one, signal };
    await createAll(
      locked,
      plan.create.filter((kept) => !isNamespace(kept)),
    );
    if (different === 'overwrite') {
      for (const other of plan.different) await overwrite(access, other);
    }
    if (!wants) return { plan, database: left };
    await podReady(locked);
    const database = await load(locked);
    signal.throwIfAborted();
    const loaded = database.how === 'loaded';
    return { plan, database, jobs: await clearTreeJobs(access, manifest.stack, { loaded }) };
  });
}

async function createAll({ access, signal }: Restore, all: readonly Kept[]): Promise<void> {
  for (const kept of all) {
    signal.throwIfAborted();
    await create(access, kept);
  }
}

const pause = 1_000;

/** @throws {JobError} unavailable, where the database's Pod does not come, or nobody has asked for it. */
async function podReady({ access, namespace, timeout, log, signal }: Restore): Promise<void> {
  const place = `Pod ${namespace}/${databasePod.pod}`;
  let told = false;
  for (let waited = 0; ; waited += pause) {
    const state = await podState(access, namespace);
    if (state === 'ready') return;
    if (state === 'absent' && !(await isAskedFor(access, namespace))) {
      throw new JobError(
        'unavailable',
        `the objects are there, and the database has no ${place} yet`,
        {
          hint: 'apply 05-network.yaml and 10-trillian.yaml of your manifests, then run the same again: it loads the dump',
        },
      );
    }
    if (waited >= timeout) {
      throw new JobError('unavailable', `the objects are there, and ${place} is not ready`, {
        hint: `see kubectl describe pod -n ${namespace} ${databasePod.pod}, then run the same again`,
      });
    }
    if (!told) log(`waiting for ${place}`);
    told = true;
    await sleep(pause, undefined, { signal });
  }
}

async function isAskedFor(access: Access, namespace: string): Promise<boolean> {
  const path = ['apis', 'apps', 'v1', 'namespaces', namespace, 'statefulsets', 'mysql-trillian'];
  try {
    await ask(access, { method: 'GET', path });
    return true;
  } catch (error) {
    // Who may not see it may see the Pod.
    return !hasStatus(error, 404);
  }
}
