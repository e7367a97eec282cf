import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnBound } from './spawn.ts';

/** A program that runs until it is stopped. */
export interface Server {
  /** Its process's id. */
  readonly pid: number;
  /** What it has written so far. */
  log(): string;
  /** Ends it, and resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A URL that answers 2xx once the program serves, or a question to ask until it is true. */
  readonly ready: string | (() => Promise<boolean>);
  /** Milliseconds until it must serve. */
  readonly within?: number;
}

/**
 * Starts a program and waits until it serves.
 *
 * @throws {Error} With its log, where it ends before it serves, or does not serve in time.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { command, args, env, ready, within = 60_000 } = options;
  const child = spawnBound(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  let ended: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      log += chunk;
    });
  }
  const gone = new Promise<void>((resolve) => {
    const end = (why: string) => {
      ended ??= why;
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (status, signal) => end(`ended with ${status ?? signal}`));
  });

  const stop = async () => {
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(killing);
  };
  const serves = typeof ready === 'string' ? () => answers(ready) : ready;
  for (const deadline = Date.now() + within; ; await sleep(50)) {
    if (ended) throw new Error(`${command} ${ended}:\n${log}`);
    if (await serves()) return { pid: child.pid ?? 0, log: () => log, stop };
    if (Date.now() < deadline) continue;
    await stop();
    throw new Error(`${command} does not serve after ${within} ms:\n${log}`);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** A TCP port of the loopback address that nothing listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
