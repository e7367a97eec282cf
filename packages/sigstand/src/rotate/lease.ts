import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@sigstand/job/errors';
import type { Log } from '@sigstand/job/log';
import { aRequest } from '@sigstand/job/main';
import { type Access, ask, begin, hasStatus } from '@sigstand/store/api';
import { pathOf } from '@sigstand/store/bodies';
import { refusal } from '@sigstand/store/refusal';
import { type Named, show } from '@sigstand/store/store';
import { type Lease, lapseOf, leaseFor, renewal, standing } from './lease-state.ts';

/** What a lease is taken for. */
export interface Leasing {
  readonly namespace: string;
  /** Who takes it, in words that tell people apart. */
  readonly holder: string;
  /** Take it from whoever holds it: they were killed. */
  readonly takeOver: boolean;
  readonly log: Log;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

let holding = 0;

/** How long work may take to end that is told to stop: who holds a lease gives it back, or the next waits for a minute. */
export function graceNow(): number {
  return holding > 0 ? 5_000 : aRequest;
}

/** Whoever runs this, in words that tell people apart. */
export function holderOf({ USER = 'somebody' }: { readonly USER?: string | undefined }): string {
  return `${USER}@${hostname()} ${randomBytes(4).toString('hex')}`;
}

/**
 * Does `work` while nobody else does such work on the same stack. The lease is renewed as long as it takes; a holder
 * that was killed loses it after a minute.
 *
 * @throws {JobError} tryAgain, with who holds it, where somebody else does.
 */
export async function withLease<T>(
  access: Access,
  leasing: Leasing,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const { namespace, holder, takeOver, log, signal } = leasing;
  const now = await sharedClock(access, leasing.now);
  const ref: Named = { kind: 'Lease', namespace, name: 'sigstand' };
  const read = async () => {
    try {
      return (await ask(access, { method: 'GET', path: pathOf(ref) })) as Lease;
    } catch (error) {
      const refused = refusal('get', ref, error);
      if (refused === 'absent') return undefined;
      throw refused;
    }
  };
  /** What was there before is our own, where its answer was lost on the way. */
  const refuseOthers = async () => {
    const current = await read();
    if (standing(current, { holder, now: now() }) !== 'ours') throw held(ref, current, now());
  };
  const write = async (before: Lease | undefined, renewing: boolean) => {
    const content = leaseFor(before, { namespace, name: ref.name, holder, now: now(), renewing });
    const body = { type: 'application/json', content };
    try {
      if (before === undefined)
        await ask(access, { method: 'POST', path: pathOf({ ...ref, name: '' }), body });
      else await ask(access, { method: 'PUT', path: pathOf(ref), body });
    } catch (error) {
      if (hasStatus(error, 409)) return refuseOthers();
      const refused = refusal(before ? 'update' : 'create', ref, error);
      if (refused !== 'absent') throw refused;
      // Nothing is made in a namespace that is not there; a lease that is gone is somebody else's doing.
      throw before ? held(ref, undefined, now()) : noNamespace(namespace);
    }
  };

  /** Waits for the end of a lease that a run left behind, which was killed or lost its API server. */
  const lapsed = async (first: Lease) => {
    const left = lapseOf(first, now());
    if (left === undefined) throw held(ref, first, now());
    log(
      `waiting: ${heldText(ref, first, now())}: it ends in ${seconds(left)} s, or by --take-over`,
    );
    await sleep(Math.max(0, left) + 500, undefined, { signal });
    const current = await read();
    const isFree = standing(current, { holder, now: now() }) === 'free';
    if (isFree && current?.spec?.renewTime === first.spec?.renewTime) return current;
    // Whoever gave it back was at work, and has done it.
    throw held(ref, current?.spec?.holderIdentity ? current : first, now());
  };

  const found = await read();
  const isHeld = standing(found, { holder, now: now() }) === 'held';
  const before = found && isHeld && !takeOver ? await lapsed(found) : found;
  await write(before, false);
  holding += 1;

  const over = new AbortController();
  const lost = new AbortController();
  const renewing = (async () => {
    while (!over.signal.aborted) {
      await sleep(renewal, undefined, { signal: over.signal }).catch(() => {});
      if (over.signal.aborted) return;
      const current = await read().catch(() => undefined);
      if (standing(current, { holder, now: now() }) === 'ours')
        await write(current, true).catch(() => {});
      else if (current) lost.abort(held(ref, current, now()));
    }
  })();
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    over.abort();
    await renewing;
    await release();
    holding -= 1;
  }

  /** Whoever comes next need not wait; where this fails, it waits a minute. */
  async function release() {
    try {
      const current = await read();
      if (standing(current, { holder, now: now() }) !== 'ours') return;
      const content = leaseFor(current, {
        namespace,
        name: ref.name,
        holder: '',
        now: now(),
        renewing: true,
      });
      await ask(access, {
        method: 'PUT',
        path: pathOf(ref),
        body: { type: 'application/json', content },
      });
    } catch {
      // It ends by itself.
    }
  }
}

/**
 * The clock that all operators share: the API server's. Ours may be off, and says then of nobody whether they still work, and of no
 * key whether it has ended.
 */
export async function sharedClock(access: Access, now: () => Date): Promise<() => Date> {
  try {
    const answer = await begin(
      access,
      { method: 'GET', path: ['version'] },
      AbortSignal.timeout(5_000),
    );
    answer.resume();
    const off = Date.parse(answer.headers.date ?? '') - now().getTime();
    // What it says has whole seconds.
    return Math.abs(off) > 2_000 ? () => new Date(now().getTime() + off) : now;
  } catch {
    return now; // whatever is asked next says who does not answer
  }
}

function noNamespace(namespace: string): JobError {
  return new JobError('unavailable', `there is no namespace ${namespace}`, {
    hint: 'see whether it is this cluster, and how the namespaces are named: --namespace-prefix, --single-namespace',
  });
}

function held(ref: Named, lease: Lease | undefined, now: Date): JobError {
  return new JobError('tryAgain', heldText(ref, lease, now), {
    hint: 'let them finish; a holder that was killed loses it after a minute, or at once by --take-over',
  });
}

function heldText(ref: Named, lease: Lease | undefined, now: Date): string {
  const { holderIdentity = 'somebody', renewTime } = lease?.spec ?? {};
  const since = renewTime ? seconds(now.getTime() - Date.parse(renewTime)) : 0;
  return `${show(ref)} is held by ${holderIdentity}, who renewed it ${since} s ago`;
}

function seconds(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds / 1_000));
}
