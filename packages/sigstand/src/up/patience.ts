import { setTimeout as sleep } from 'node:timers/promises';
import { mayPass } from '@sigstand/store/api';

const patience = 30_000; // milliseconds, for a webhook or an API server that starts
const between = 500;

/** Who waits, and who hears of it. */
export interface Patience {
  /** Told of what is tried again. */
  readonly tell: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Does something again and again for a while, where the API server has no time, or is away. A webhook is away for some
 * objects alone, so each has its own time; `outage.ts` gives one to all that is asked of a server.
 *
 * @throws What the last try threw.
 */
export async function patiently<T>(work: () => Promise<T>, { tell, signal }: Patience): Promise<T> {
  for (const end = Date.now() + patience; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || Date.now() > end || signal.aborted) throw error;
      tell(error);
    }
    await sleep(between, undefined, { signal }).catch(() => {});
  }
}
