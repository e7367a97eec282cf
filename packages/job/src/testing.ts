import type { Store } from '@sigstand/store/store';
import { type Job, main } from './main.ts';
import type { Environment } from './settings.ts';

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
  }: {
    args?: readonly string[];
    env?: Environment;
    now?: () => Date;
    signal?: AbortSignal;
  } = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const status = await main(job, {
    args: ['--store=dir:memory', ...args],
    env,
    now,
    signal,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    openStore: async () => store,
  });
  return { status, stdout, stderr };
}
