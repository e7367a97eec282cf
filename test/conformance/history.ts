import type { copies } from '@sigstand/contracts/records';
import { tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { withoutPage } from '@sigstand/createtuf/page-file';
import { inputs, put } from '@sigstand/createtuf/testing';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import type { Data, Store } from '@sigstand/store/store';

/** What befalls a stack on one day, before createtuf runs. */
export interface Event {
  /** Its service comes back with the key or chain of the second set of inputs. */
  readonly replace?: keyof typeof copies;
  /** Whatever else is written into its store. */
  readonly write?: (store: Store) => Promise<void>;
  /** Flags of that day's run. */
  readonly args?: readonly string[];
}

export interface Scenario {
  readonly days: number;
  /** Flags of every run. */
  readonly args?: readonly string[];
  /** By day, the first being day 1. */
  readonly events?: Readonly<Record<number, Event>>;
}

/** What the web server hands out from one run until the next. */
export interface Day {
  readonly files: Data;
  readonly begins: Date;
  /** The last second before the next run. */
  readonly ends: Date;
}

export interface History {
  readonly days: readonly Day[];
  /** The root that clients are given to start from, as it was on each day. */
  readonly given: readonly (Uint8Array | undefined)[];
  readonly store: Store;
}

const day = 86_400_000;

/** The time of the first run, when the inputs are ten years old. */
export const firstRun = new Date('2030-01-01T04:17:00Z');

/**
 * Runs createtuf once a day on one store, with a clock that is set.
 *
 * @throws {Error} Where a run does not succeed.
 */
export async function simulate({ days, args = [], events = {} }: Scenario): Promise<History> {
  const store = memoryStore();
  await put(store, inputs('first'));
  const history: Day[] = [];
  const given: History['given'][number][] = [];
  for (let number = 1; number <= days; number += 1) {
    const begins = new Date(firstRun.getTime() + (number - 1) * day);
    const { replace, write, args: more = [] } = events[number] ?? {};
    if (replace) await put(store, { [replace]: inputs('second')[replace] });
    await write?.(store);
    await run(store, begins, [...args, ...more]);
    const files = withoutPage((await store.read(tufRepository))?.data ?? {});
    history.push({ files, begins, ends: new Date(begins.getTime() + day - 1000) });
    given.push((await store.read(tufRoot))?.data.root);
  }
  return { days: history, given, store };
}

/** One run; the client with which a Job checks its work knows the true time only, so it is left out. */
async function run(store: Store, time: Date, args: readonly string[]): Promise<void> {
  const job = createTuf({ check: async () => {} });
  const { status, stderr } = await runJob(job, store, { args, now: () => time });
  if (status === 0) return;
  throw new Error(`createtuf ended with ${status} at ${time.toISOString()}:\n${stderr}`);
}

/** Days that follow each other and hand out the same files, as one. */
export interface State {
  readonly files: Data;
  /** The number of its first day and of its last one, counted from 1. */
  readonly first: number;
  readonly last: number;
  readonly begins: Date;
  readonly ends: Date;
}

/** The states of a history, in their order. */
export function statesOf(days: readonly Day[]): State[] {
  const states: State[] = [];
  for (const [index, { files, begins, ends }] of days.entries()) {
    const before = states.at(-1);
    if (before && sameFiles(before.files, files)) {
      states[states.length - 1] = { ...before, last: index + 1, ends };
    } else {
      states.push({ files, first: index + 1, last: index + 1, begins, ends });
    }
  }
  return states;
}

function sameFiles(a: Data, b: Data): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => b[name] && Buffer.compare(a[name] ?? new Uint8Array(), b[name]) === 0)
  );
}

/** What a ConfigMap's limit counts, and the files' names. */
export function bytesOf(files: Data): number {
  return Object.entries(files).reduce((sum, [name, { length }]) => sum + name.length + length, 0);
}
