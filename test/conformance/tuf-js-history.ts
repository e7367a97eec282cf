import { createRequire } from 'node:module';
import { vi } from 'vitest';
import type { Count, Follow, Refusal, Served } from './client.ts';
import { type Flight, inBetween } from './flights.ts';
import { type Cache, type Serve, update } from './tuf-js.ts';

const { version } = createRequire(import.meta.url)('tuf-js/package.json');

/** One client, what it is served, and how it fares. */
interface Trial extends Omit<Refusal, 'why'> {
  readonly run: () => Promise<void>;
}

/**
 * tuf-js, in this process. An update over more than one state reads the metadata alone: where a client
 * comes to hold what one that began today holds, it would fetch the same targets, and that one does.
 */
export const tufJs: Follow = async (served, flights) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const refusals: Refusal[] = [];
  const tried = async (trials: Iterable<Trial>): Promise<Count> => {
    const count = { tried: 0, accepted: 0 };
    for (const { run, ...trial } of trials) {
      count.tried += 1;
      try {
        await run();
        count.accepted += 1;
      } catch (error) {
        refusals.push({ ...trial, why: (error as Error).message });
      }
    }
    return count;
  };
  try {
    const caches: Cache[] = [];
    const fresh = await tried(freshTrials(served, caches));
    const updates = await tried(updateTrials(served, caches));
    const flown = await tried(flightTrials(served, { caches, flights }));
    const refused = refusals.length;
    const client = `tuf-js ${version}`;
    return { client, fresh, updates, flights: flown, refused, refusals: refusals.slice(0, 20) };
  } finally {
    vi.useRealTimers();
  }
};

function newcomer(served: readonly Served[]): Cache {
  return { 'root.json': served[0]?.files['1.root.json'] ?? new Uint8Array() };
}

function serving({ files }: Served): Serve {
  return (name) => files[name];
}

/** Leaves in `caches` what a client keeps that updated at the beginning of each state. */
function* freshTrials(served: readonly Served[], caches: Cache[]): Generator<Trial> {
  for (const [index, state] of served.entries()) {
    for (const now of [state.begins, state.ends]) {
      yield {
        client: '1.root.json',
        served: nameOf(index),
        run: async () => {
          const after = await update(newcomer(served), serving(state), { now, targets: true });
          caches[index] = after;
        },
      };
    }
  }
}

function* updateTrials(served: readonly Served[], caches: readonly Cache[]): Generator<Trial> {
  for (const [late, state] of served.entries()) {
    for (const [early, before] of caches.slice(0, late + 1).entries()) {
      if (before === undefined) continue;
      const targets = late - early === 1;
      yield {
        client: nameOf(early),
        served: nameOf(late),
        run: () => arrives(before, state, { expected: caches[late], targets }),
      };
    }
  }
}

/** @throws Where a client does not come to hold, at the end of a state, what every other client holds. */
async function arrives(
  before: Cache,
  state: Served,
  { expected, targets }: { expected: Cache | undefined; targets: boolean },
): Promise<void> {
  const after = await update(before, serving(state), { now: state.ends, targets });
  if (expected && !sameCache(after, expected)) {
    throw new Error('the client ended with other metadata than one that began today');
  }
}

function* flightTrials(
  served: readonly Served[],
  { caches, flights }: { caches: readonly Cache[]; flights: readonly Flight[] },
): Generator<Trial> {
  for (const { early, late } of flights) {
    const [from, to] = [served[early], served[late]];
    if (from === undefined || to === undefined) throw new Error('a flight leads nowhere');
    for (const { client, before } of passengers(served, { caches, early })) {
      for (const { what, serve } of inBetween(from.files, to.files)) {
        yield {
          client,
          served: `${what} of ${nameOf(early)}, else ${nameOf(late)}`,
          run: async () => {
            const after = await update(before, serve, { now: to.begins, targets: true });
            await arrives(after, to, { expected: caches[late], targets: false });
          },
        };
      }
    }
  }
}

/** Who has the first root alone, and who has what the state before left. */
function passengers(
  served: readonly Served[],
  { caches, early }: { caches: readonly Cache[]; early: number },
) {
  const before = caches[early - 1];
  const first = { client: '1.root.json', before: newcomer(served) };
  return before ? [first, { client: nameOf(early - 1), before }] : [first];
}

function sameCache(a: Cache, b: Cache): boolean {
  const names = Object.keys({ ...a, ...b });
  const none = new Uint8Array();
  return names.every((name) => a[name] && b[name] && !Buffer.compare(a[name], b[name] ?? none));
}

/** States are counted from 1, as people do. */
function nameOf(index: number): string {
  return `state ${index + 1}`;
}
