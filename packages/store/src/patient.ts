import { setTimeout as sleep } from 'node:timers/promises';
import { type Store, StoreError, type StoreErrorCode } from './store.ts';

/** How long a refusal that may pass is waited out, and what to do meanwhile. */
export interface Patience {
  /** Milliseconds from the first refusal of each kind; a code that is not named is final at once. */
  readonly limits: Partial<Record<StoreErrorCode, number>>;
  /** Told once for each refusal that is waited out. */
  readonly onWait: (error: StoreError) => void;
  readonly signal?: AbortSignal;
}

const firstPause = 100;
const longestPause = 2_000;

/**
 * Tries again where a refusal is likely to pass: an API server that restarts, a RoleBinding that
 * arrives after the Pod, a namespace that is yet to be made. The last refusal is thrown.
 */
export function patient(store: Store, patience: Patience): Store {
  return {
    read: (ref) => retrying(() => store.read(ref), patience),
    write: (ref, change, replacing) =>
      retrying(() => store.write(ref, change, replacing), patience),
    // Whoever warns has better things to do than to wait for that.
    warn: (ref, notice) => store.warn(ref, notice),
  };
}

async function retrying<T>(
  act: () => Promise<T>,
  { limits, onWait, signal }: Patience,
): Promise<T> {
  // From the refusal on, not from the request: an answer that was long in coming is no reason not to
  // ask again.
  const since = new Map<StoreErrorCode, number>();
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { code } = error;
      const first = since.get(code) ?? performance.now();
      if (performance.now() - first >= (limits[code] ?? 0)) throw error;
      if (!since.has(code)) onWait(error);
      since.set(code, first);
    }
    // Jitter, so that nine Jobs do not come back to a restarting API server at the same moment.
    await sleep(pause * (0.5 + Math.random()), undefined, { signal });
  }
}
