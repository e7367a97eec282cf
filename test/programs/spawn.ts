import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Starts a program that the kernel kills when the process that started it ends, however that ends: tests
 * that are interrupted leave no server behind.
 */
export function spawnBound(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], options);
}

/** Ends a program that may have ended by itself, and resolves when it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
