import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { type Rig, root } from '../../cluster/rig.ts';

/** As much of any object as who watches reads. */
export interface Watched {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: PodStatus;
  /** Of an Event. */
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly involvedObject?: { readonly namespace?: string; readonly name: string };
}

export interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

export interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly restartCount: number;
  readonly ready: boolean;
  readonly state?: { readonly running?: object; readonly terminated?: object };
}

export interface Change {
  /** When it arrived here, by {@link clock}. */
  readonly at: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Watched;
}

/** What the API server tells of, from the moment on that the watch was opened. */
export interface Watch {
  readonly changes: readonly Change[];
  close(): Promise<void>;
}

/** Milliseconds since 1970, with fractions, and never going back. */
export const clock = () => performance.timeOrigin + performance.now();

const watchable = {
  pods: '/api/v1/pods',
  secrets: '/api/v1/secrets',
  configmaps: '/api/v1/configmaps',
  events: '/api/v1/events',
  jobs: '/apis/batch/v1/jobs',
  deployments: '/apis/apps/v1/deployments',
};
export type Kind = keyof typeof watchable;

/** Watches kinds in all namespaces, by a connection each: no polling, so no more work than the server has anyway. */
export async function openWatch(cluster: Rig, kinds: readonly Kind[]): Promise<Watch> {
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-watch-'));
  const socketPath = join(folder, 'api.sock');
  // A Unix socket, which no network namespace hides. The proxy speaks JSON and does not parse it.
  const proxy = spawn('test/rig/rig', ['kubectl', 'proxy', `--unix-socket=${socketPath}`], {
    cwd: root,
    env: { ...process.env, ...cluster.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(proxy.stdout, 'data'),
    once(proxy, 'exit').then(() => Promise.reject(new Error('kubectl proxy ended'))),
  ]);
  const changes: Change[] = [];
  const endings = await Promise.all(
    kinds.map((kind) => follow(socketPath, watchable[kind], (change) => changes.push(change))),
  );
  return {
    changes,
    async close() {
      for (const end of endings) end();
      await ended(proxy);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function follow(socketPath: string, path: string, onChange: (change: Change) => void) {
  const listed = await asked(socketPath, `${path}?limit=1`);
  const { metadata } = (await json(listed)) as { metadata: { resourceVersion: string } };
  const query = `watch=true&timeoutSeconds=3600&resourceVersion=${metadata.resourceVersion}`;
  const answer = await asked(socketPath, `${path}?${query}`);
  createInterface({ input: answer }).on('line', (line) => {
    onChange({ at: clock(), ...(JSON.parse(line) as Omit<Change, 'at'>) });
  });
  answer.on('error', () => {});
  return () => answer.destroy();
}

function asked(socketPath: string, path: string) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    get({ socketPath, path, agent: false }, (answer) => {
      if (answer.statusCode === 200) resolve(answer);
      else reject(new Error(`${path}: ${answer.statusCode}`));
    }).on('error', reject);
  });
}

async function ended(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}
