import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ofKind } from '../stack.ts';
import type { Rig } from './rig.ts';

/** The servers of the stack, `namespace/name`, as the manifests list them: a new one is met without being named here. */
export const servers: readonly string[] = ofKind('Deployment', 'StatefulSet').map(
  ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
);
export const namespaces = [...new Set(servers.map((server) => server.split('/')[0] ?? ''))];

/** How a Pod ends. */
export const ways = {
  /** SIGTERM and its grace period. */
  politely: 'deleted',
  /** The object is gone at once, so its successor starts beside it. */
  'by force': 'deleted with --grace-period=0 --force',
  /** What runs out of memory or loses power: SIGKILL to every process, and the Pod stays. */
  'by SIGKILL': 'killed by SIGKILL',
} as const;
export type Way = keyof typeof ways;

interface ServerPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string }[];
    readonly deletionTimestamp?: string;
  };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly containerID?: string }[];
  };
}

/** One life of a server: another Pod, or another container of the same Pod, is another life. */
export interface Life {
  readonly server: string;
  readonly namespace: string;
  readonly pod: string;
  readonly ip: string;
  readonly container: string;
  readonly ready: boolean;
}

/** Who lives now; Pods that are being deleted are not counted. */
export async function living(cluster: Rig): Promise<Life[]> {
  const { items } = await cluster.get<{ items: ServerPod[] }>(
    ...['pods', '-A', '-l', 'app.kubernetes.io/part-of=sigstand'],
  );
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind !== 'Job'))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }) => ({
      server: `${metadata.namespace}/${metadata.labels['app.kubernetes.io/name']}`,
      namespace: metadata.namespace,
      pod: metadata.name,
      ip: status.podIP ?? '',
      container: status.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '') ?? '',
      ready: !!status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    }));
}

/** Ends these lives in one of the ways, all at once. */
export async function end(cluster: Rig, lives: readonly Life[], way: Way): Promise<void> {
  if (way === 'by SIGKILL') return sigkill(lives.map(({ container }) => container));
  const how = way === 'by force' ? ['--grace-period=0', '--force'] : ['--wait=false'];
  await Promise.all(
    namespaces.map(async (namespace) => {
      const names = lives.filter((life) => life.namespace === namespace).map(({ pod }) => pod);
      if (names.length > 0) {
        await cluster.kubectl('delete', 'pod', '-n', namespace, ...names, ...how);
      }
    }),
  );
}

/** A container's processes are the rig's, so they are seen from here by the control group that bears its id. */
async function sigkill(containers: readonly string[]): Promise<void> {
  if (containers.includes('')) throw new Error('a server has no container to kill');
  const groups = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => ({
        pid: Number(pid),
        group: await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''),
      })),
  );
  const pids = containers.map((container) =>
    groups.filter(({ group }) => group.includes(container)).map(({ pid }) => pid),
  );
  if (pids.some((found) => found.length === 0)) throw new Error('a container has no process');
  for (const pid of pids.flat()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // Its parent's end took it along.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/**
 * Waits until each of these servers is Ready in another life; resolves to how long each took.
 *
 * @throws {Error} That names who has not come back within `within` milliseconds.
 */
export async function comeBack(
  cluster: Rig,
  gone: readonly Life[],
  { since, within }: { since: number; within: number },
): Promise<Map<string, number>> {
  const ended = new Set(gone.map(({ container }) => container));
  const waiting = new Set(gone.map(({ server }) => server));
  const took = new Map<string, number>();
  for (;;) {
    const now = await living(cluster);
    for (const { server, ready, container } of now) {
      if (!ready || ended.has(container) || !waiting.delete(server)) continue;
      took.set(server, Date.now() - since);
    }
    if (waiting.size === 0) return took;
    if (Date.now() > since + within) {
      const seen = await cluster.kubectl('get', 'pods', '-A', '-o', 'wide');
      throw new Error(`not Ready after ${within} ms: ${[...waiting].join(', ')}\n${seen}`);
    }
    await sleep(100);
  }
}
