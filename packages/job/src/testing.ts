import { type Store, show } from '@sigstand/store/store';
import { type Job, main } from './main.ts';
import type { Environment } from './settings.ts';

/** What a Job came to. */
export interface JobRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The records that it wrote, or tried to, each by its place, in order. */
  readonly writes: readonly string[];
}

/**
 * Runs a Job in process on the store given, with the defaults of `--store dir:`; for tests. With
 * `--store=kubernetes` among the arguments it runs as in a Pod.
 */
export async function runJob(
  job: Job,
  store: Store,
  {
    args = [],
    env = {},
    now = () => new Date(),
    signal = new AbortController().signal,
    written = async () => undefined,
  }: {
    args?: readonly string[];
    env?: Environment;
    now?: () => Date;
    signal?: AbortSignal;
    written?: () => Promise<string | undefined>;
  } = {},
): Promise<JobRun> {
  let stdout = '';
  let stderr = '';
  const writes: string[] = [];
  const noting: Store = {
    ...store,
    write(ref, change, replacing) {
      writes.push(show(ref));
      return store.write(ref, change, replacing);
    },
  };
  const status = await main(job, {
    args: ['--store=dir:memory', ...args],
    env,
    now,
    signal,
    written,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    openStore: async () => noting,
  });
  return { status, stdout, stderr, writes };
}
