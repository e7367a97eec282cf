import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Rig, root } from '../../cluster/rig.ts';

/** What containerd did: to the millisecond, where a Pod's status knows whole seconds. */
export interface RuntimeEvent {
  readonly at: number;
  readonly kind: 'sandbox' | 'started' | 'exited';
  /** The container's id; of a sandbox `NAMESPACE/POD`. */
  readonly of: string;
}

export interface RuntimeWatch {
  readonly events: readonly RuntimeEvent[];
  close(): Promise<void>;
}

/** containerd's own client, speaking to the node's. */
export function ctr(cluster: Rig, ...args: readonly string[]): string[] {
  const address = `/run/sigstand/${cluster.env.RIG}/containerd.sock`;
  return ['ctr', '--address', address, '--namespace', 'k8s.io', ...args];
}

/** Listens to the node's containerd. */
export async function openRuntimeWatch(cluster: Rig): Promise<RuntimeWatch> {
  const child = spawn('test/rig/rig', ['exec', '--', ...ctr(cluster, 'events')], {
    cwd: root,
    env: { ...process.env, ...cluster.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const events: RuntimeEvent[] = [];
  const sandboxes = new Map<string, string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = runtimeEvent(line, sandboxes);
    if (event) events.push(event);
  });
  await once(child, 'spawn');
  return {
    events,
    async close() {
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, 'exit');
    },
  };
}

interface Body {
  readonly id?: string;
  readonly container_id?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Reads a line of `ctr events`; `sandboxes` remembers which ids are sandboxes, by the Pods that they are of. */
export function runtimeEvent(
  line: string,
  sandboxes: Map<string, string>,
): RuntimeEvent | undefined {
  const parts = /^(\S+) (\S+)\.(\d+) \S+ \S+ \S+ (\/\S+) (.*)$/.exec(line);
  if (!parts) return undefined;
  const [, day, time, fraction, topic, text = '{}'] = parts;
  const at = Date.parse(`${day}T${time}Z`) + Number(`0.${fraction}`) * 1000;
  const { id, container_id, labels = {} } = JSON.parse(text) as Body;
  if (topic === '/containers/update' && labels['io.cri-containerd.kind'] === 'sandbox') {
    const name = `${labels['io.kubernetes.pod.namespace']}/${labels['io.kubernetes.pod.name']}`;
    sandboxes.set(id ?? '', name);
    return undefined;
  }
  if (topic !== '/tasks/start' && topic !== '/tasks/exit') return undefined;
  // A probe's command ends too: its id is not its container's.
  if (id !== undefined && id !== container_id) return undefined;
  const pod = sandboxes.get(container_id ?? '');
  if (pod !== undefined)
    return topic === '/tasks/start' ? { at, kind: 'sandbox', of: pod } : undefined;
  return { at, kind: topic === '/tasks/start' ? 'started' : 'exited', of: container_id ?? '' };
}
