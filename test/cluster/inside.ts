import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Rig, root } from './rig.ts';

/** A program of ours that runs in the cluster's network. */
export interface Inside {
  close(): Promise<void>;
}

/** Starts one and waits until it prints that it is ready; it ends with its standard input. */
export async function startInside(
  cluster: Rig,
  program: string,
  args: readonly string[],
): Promise<Inside> {
  const inside = spawn('test/rig/rig', ['exec', '--', process.execPath, program, ...args], {
    cwd: root,
    env: { ...process.env, ...cluster.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(inside.stdout, 'data'),
    once(inside, 'exit').then(() => Promise.reject(new Error(`${program} ended`))),
  ]);
  return {
    async close() {
      inside.stdin.end();
      if (inside.exitCode === null) await once(inside, 'exit');
    },
  };
}
