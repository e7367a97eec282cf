import { patient } from '@sigstand/store/patient';
import type { Place } from './command.ts';
import type { Log } from './log.ts';
import { type Host, type Job, main } from './main.ts';

/** Runs a Job as this process, and sets the process's exit status. */
export async function runProcess(job: Job): Promise<void> {
  process.exitCode = await main(job, processHost());
}

function processHost(): Host {
  // As process 1 of a container, Node does not end on SIGTERM unless somebody listens.
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  // A reader that goes away, as `--help | head` does, is no reason to crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    args: process.argv.slice(2),
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    signal: stop.signal,
    now: () => new Date(),
    openStore,
  };
}

async function openStore(
  place: Place,
  { job, log, signal }: { job: string; log: Log; signal: AbortSignal },
) {
  // Loaded when it is used: the Kubernetes client costs more start-up than all the rest.
  if (place.kind === 'dir') {
    const { directoryStore } = await import('@sigstand/store/directory');
    return directoryStore(place.path);
  }
  const { clusterStore } = await import('@sigstand/store/cluster');
  return patient(clusterStore(job), {
    // An API server restarts within a minute; a RoleBinding of the same apply lands within seconds.
    limits: {
      UNAVAILABLE: 60_000,
      FORBIDDEN: 30_000,
      UNAUTHENTICATED: 5_000,
      NO_NAMESPACE: 60_000,
    },
    onWait: (error) => log(`waiting: ${error.message}`),
    signal,
  });
}
