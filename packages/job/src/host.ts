import { patient } from '@sigstand/store/patient';
import type { Place } from './command.ts';
import type { Log } from './log.ts';
import { type Host, type Job, main } from './main.ts';

/** Runs a Job as this process, and sets the process's exit status. */
export function runProcess(job: Job): Promise<void> {
  return runAsProcess((host) => main(job, host));
}

/** Runs what resolves to an exit status as this process. */
export async function runAsProcess(program: (host: Host) => Promise<number>): Promise<void> {
  const host = processHost();
  process.exitCode = await program(host);
  if (host.signal.aborted) endNow();
  // Where nothing is under way, the process has ended before.
  setTimeout(endNow, 100).unref();
}

/** Ends a process that a request or a look-up that nobody answers would hold. */
function endNow(): void {
  const { exitCode = 0 } = process;
  // process.exit() waits for the C library, which asks a silent name server for ten seconds or more. A
  // program that takes this one's place leaves that behind.
  if (process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap')) {
    process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${exitCode})`], {});
  }
  process.exit();
}

function processHost(): Host {
  // As process 1 of a container, Node does not end on SIGTERM unless somebody listens.
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  // A reader that goes away, as `--help | head` does, is no reason to crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let lost: string | undefined;
  process.stdout.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') lost ??= code;
  });
  return {
    args: process.argv.slice(2),
    env: process.env,
    stdin: () => process.stdin,
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    written: async () => {
      // What was written before is done when this is.
      await new Promise((done) => void process.stdout.write('', done));
      await new Promise(setImmediate);
      return lost;
    },
    signal: stop.signal,
    now: () => new Date(),
    openStore,
  };
}

async function openStore(
  place: Place,
  { job, log, signal, timeout }: { job: string; log: Log; signal: AbortSignal; timeout: number },
) {
  // Loaded when it is used.
  if (place.kind === 'dir') {
    const { directoryStore } = await import('@sigstand/store/directory');
    return directoryStore(place.path);
  }
  const { clusterStore } = await import('@sigstand/store/cluster');
  return patient(await clusterStore(job, process.env), {
    // An API server restarts within a minute; a RoleBinding of the same apply lands within seconds.
    limits: {
      UNAVAILABLE: 60_000,
      FORBIDDEN: 30_000,
      // Long enough for a token's file to be read again, and for a token that is newer than its server's news.
      UNAUTHENTICATED: 2_500,
      // Somebody makes it, as Jobs make each other's inputs.
      NO_NAMESPACE: timeout,
    },
    onWait: (error) => log(`waiting: ${error.message}`),
    signal,
  });
}
