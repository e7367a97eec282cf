import type { Store } from '@sigstand/store/store';
import { type Job, main } from './main.ts';

/** Runs a Job in process, as Kubernetes would run it, on the store given; for tests. */
export async function runJob(
  job: Job,
  store: Store,
  {
    args = [],
    now = () => new Date(),
    signal = new AbortController().signal,
  }: { args?: readonly string[]; now?: () => Date; signal?: AbortSignal } = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const status = await main(job, {
    args,
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
