import { type ChildProcess, spawn } from 'node:child_process';
import { bundleOf } from './bundles.ts';

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
  /** The file that says where the cluster is, and who asks; or what the kubelet gives a Pod. */
  readonly kubeconfig?: string;
  readonly pod?: PodMount;
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments to run it with, such as faketime. */
  readonly under?: readonly string[];
}

/** What the kubelet gives a Pod: the address of the API server, and a folder for its service account. */
export interface PodMount {
  readonly url: string;
  readonly folder: string;
}

/** @throws {Error} Where dist/ is older than the sources. */
export function startJob(
  job: string,
  { args, kubeconfig, pod, env, under = [] }: JobOptions,
): JobProcess {
  const run = [...(pod ? mounted(pod) : []), ...under, process.execPath, bundleOf(job), ...args];
  const [command = process.execPath, ...rest] = run;
  const start = performance.now();
  const child = spawn(command, rest, {
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      ...(kubeconfig && { KUBECONFIG: kubeconfig }),
      ...(pod && addressOf(pod)),
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

/** Runs a program with the folder where a Pod has it; nothing else sees it there. */
function mounted({ folder }: PodMount): string[] {
  const place = '/var/run/secrets/kubernetes.io/serviceaccount';
  const mount = `mount -t tmpfs none /run && mkdir -p "$0" && mount --bind "$1" "$0"`;
  const script = `${mount} && shift && exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, place, folder];
}

function addressOf({ url }: PodMount): Record<string, string> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port };
}
