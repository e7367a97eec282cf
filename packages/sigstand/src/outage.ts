import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@sigstand/job/errors';
import type { Log } from '@sigstand/job/log';
import { type Access, hasStatus, mayPass, Unsuccessful } from '@sigstand/store/api';
import { silence } from '@sigstand/store/refusal';
import { StoreError } from '@sigstand/store/store';

/** Who waits, and who hears of it. */
export interface Waiting {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Milliseconds from the first failure on; a lease that nobody renews meanwhile lives longer. */
  readonly outage?: number | undefined;
}

const restart = 30_000; // milliseconds: an API server that restarts
const settling = 5_000; // milliseconds, until one that has started knows who may do what
const longestPause = 500;
const worthTelling = 1_000;

/**
 * The same API server, which is waited for where it goes away or has no time. One that has not answered yet is not: it
 * may be the wrong one, and whoever asked wants to know at once.
 */
export function patient(access: Access, { log, signal, outage = restart }: Waiting): Access {
  let hasAnswered = false;
  // All requests wait for the same server, and give up together.
  let since: number | undefined;
  let isTold = false;
  const answered = () => {
    hasAnswered = true;
    since = undefined;
    isTold = false;
  };
  const tell = (error: unknown, asked: number) => {
    // One that is silent fails late.
    if (isTold || Date.now() - Math.min(asked, since ?? asked) < worthTelling) return isTold;
    isTold = true;
    log(`waiting: ${told(error)}`);
    return true;
  };

  /** Of one request: whether it is made again after an error. */
  const enduring = () => {
    let first: number | undefined;
    let refused: number | undefined;
    const isInTime = (now: number) =>
      hasAnswered && now - Math.min(first ?? now, since ?? now) < outage && !signal.aborted;
    return (error: unknown): boolean => {
      const now = Date.now();
      if (first !== undefined && hasStatus(error, 401, 403)) {
        refused ??= now;
        return now - refused < settling && isInTime(now);
      }
      if (error instanceof StoreError || !mayPass(error)) {
        answered();
        return false;
      }
      first ??= now;
      since ??= now;
      return isInTime(now);
    };
  };

  async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
    const again = enduring();
    // Where each attempt is answered at first, and fails then, the server is not silent: this request waits all the same.
    let begun: number | undefined;
    let hasTold = false;
    for (let pause = 100; ; pause = Math.min(pause * 2, longestPause)) {
      const asked = Date.now();
      try {
        const answer = await attempt();
        answered();
        return answer;
      } catch (error) {
        if (!again(error)) throw error;
        begun ??= asked;
        if (!hasTold) hasTold = tell(error, begun);
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }
  return { ...access, patiently };
}

function told(error: unknown): string {
  if (error instanceof JobError) return error.message;
  return error instanceof Unsuccessful ? `the API server ${error.message}` : silence(error);
}
