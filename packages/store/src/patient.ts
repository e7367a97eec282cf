import { setTimeout as sleep } from 'node:timers/promises';
import { type Store, StoreError, type StoreErrorCode } from './store.ts';

/** How long a refusal that may pass is waited out, and what to do meanwhile. */
export interface Patience {
  /** Milliseconds for each kind of refusal; a code that is not named is final at once. */
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
  };
}

async function retrying<T>(
  act: () => Promise<T>,
  { limits, onWait, signal }: Patience,
): Promise<T> {
  const start = performance.now();
  const told = new Set<StoreErrorCode>();
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (performance.now() - start >= (limits[error.code] ?? 0)) throw error;
      if (!told.has(error.code)) onWait(error);
      told.add(error.code);
    }
    // Jitter, so that nine Jobs do not come back to a restarting API server at the same moment.
    await sleep(pause * (0.5 + Math.random()), undefined, { signal });
  }
}
