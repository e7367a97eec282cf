import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = join(import.meta.dirname, '../../dist');

/** A Job as its image runs it: one process, with nothing in its environment but what is given. */
export interface JobProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** The exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from start to end. */
  readonly ms: number;
}

export interface JobOptions {
  readonly args: readonly string[];
  readonly kubeconfig?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments to run it with, such as faketime. */
  readonly under?: readonly string[];
}

/** @throws {Error} Where the Job's bundle has not been built. */
export function startJob(
  job: string,
  { args, kubeconfig, env, under = [] }: JobOptions,
): JobProcess {
  const bundle = join(dist, `${job}.cjs`);
  if (!existsSync(bundle)) throw new Error(`dist/${job}.cjs is not there: run npm run build`);
  const [command = process.execPath, ...rest] = [...under, process.execPath, bundle, ...args];
  const start = performance.now();
  const child = spawn(command, rest, {
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      ...(kubeconfig && { KUBECONFIG: kubeconfig }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const read = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      read[name] += text;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child
      .once('error', reject)
      .once('close', (status) => resolve({ status, ...read, ms: performance.now() - start }));
  });
  return { child, ended };
}

/** The identity of whoever holds what is in the file, which is read anew as in a Pod. */
export function byTokenFile(tokenFile: string): object {
  return { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
}

/** A kubeconfig file for one server and one user; `remove` deletes it. */
export async function writeKubeconfig(
  { url, authority }: { url: string; authority: string },
  user: object,
): Promise<{ path: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'sigstand-kubeconfig-'));
  const path = join(dir, 'kubeconfig');
  const ca = Buffer.from(authority).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority-data': ca } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return { path, remove: () => rm(dir, { recursive: true, force: true }) };
}
