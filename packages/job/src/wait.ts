import { setTimeout as sleep } from 'node:timers/promises';
import { type Data, type Ref, type Store, show } from '@sigstand/store/store';
import { JobError } from './errors.ts';
import type { Log } from './log.ts';
import { type Expected, refuseStrangers } from './strangers.ts';

const firstPause = 100;
const longestPause = 500;
const reminder = 30_000;

/** What waiting needs: one deadline for the whole Job, a way to stop early, and somebody to tell. */
export interface Waiting {
  /** Milliseconds from now, at the Job's start. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Waits for one thing: what it is, and who makes it. */
export interface Awaited {
  readonly what: string;
  readonly hint?: string;
  /** What can be done meanwhile, once; not called where the first look finds it. */
  readonly meanwhile?: (() => Promise<void>) | undefined;
}

export type WaitFor = <T>(awaited: Awaited, probe: () => Promise<T | undefined>) => Promise<T>;

/**
 * A function that asks `probe` until it has an answer. All waits of one Job share the deadline that
 * starts here.
 *
 * @throws {JobError} unavailable, when the deadline is reached first.
 */
export function waiting({ timeout, signal, log }: Waiting): WaitFor {
  const start = performance.now();
  return async (awaited, probe) => {
    const remind = reminding(awaited, log);
    let { meanwhile } = awaited;
    for (let pause = firstPause; ; pause = Math.min(pause * 1.5, longestPause)) {
      const answer = await probe();
      if (answer !== undefined) return answer;
      const left = timeout - (performance.now() - start);
      if (left <= 0) throw late(awaited, timeout);
      remind();
      await meanwhile?.();
      meanwhile = undefined;
      await sleep(Math.min(pause, left), undefined, { signal });
    }
  };
}

function late({ what, hint }: Awaited, timeout: number): JobError {
  const limit = timeout < 1_000 ? `${timeout} ms` : `${Math.round(timeout / 1_000)} s`;
  const message = `${what} did not come within ${limit}`;
  return new JobError('unavailable', message, {
    ...(hint && { hint: `${hint}: see its log, then run this again` }),
  });
}

/** Says what is waited for at once, and again every half minute. */
function reminding({ what, hint }: Awaited, log: Log): () => void {
  let told = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - told < reminder) return;
    log(`waiting for ${what}${hint ? ` (${hint})` : ''}`);
    told = performance.now();
  };
}

/**
 * Waits until the record has something under every key; resolves to all of its data.
 *
 * @throws {JobError} contradiction, where it has something under other names instead.
 */
export async function waitForKeys(
  { store, waitFor }: { store: Store; waitFor: WaitFor },
  ref: Ref,
  {
    keys,
    madeBy,
    meanwhile,
    ...others
  }: Pick<Awaited, 'meanwhile'> &
    Pick<Expected, 'known' | 'alike'> & { keys: readonly string[]; madeBy: string },
): Promise<Data> {
  return waitFor(
    { what: `${show(ref)}, ${keys.join(', ')}`, hint: `${madeBy} writes it`, meanwhile },
    async () => {
      const data = (await store.read(ref))?.data;
      const wanted = keys.filter((key) => !data?.[key]?.length);
      if (wanted.length === 0) return data;
      refuseStrangers(show(ref), data, {
        wanted,
        ...others,
        known: [...keys, ...(others.known ?? [])],
      });
      return undefined;
    },
  );
}
