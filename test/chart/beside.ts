import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Rig, root } from '../cluster/rig.ts';
import { end, spawnBound } from '../programs/spawn.ts';

/* What the company runs beside the cluster, on the node itself, and the names by which Pods find it. */

/** The node's own address. */
export const node = '10.200.0.1';

/** A program on the node. */
export interface Beside {
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A program that is to listen at a port of the node. */
export function beside(cluster: Rig, command: readonly string[], port: number): Beside {
  let child: ChildProcess | undefined;
  return {
    async start() {
      const env = { ...process.env, ...cluster.env };
      const rig = join(root, 'test/rig/rig');
      child = spawnBound(rig, ['exec', '--', ...command], { env, stdio: 'ignore' });
      const open = `until (: </dev/tcp/${node}/${port}) 2>/dev/null; do sleep 0.1; done`;
      await cluster.mustExec(['timeout', '30', 'bash', '-c', open]);
    },
    async stop() {
      if (child) await end(child);
    },
  };
}

/** The company's Service of this name, which leads to an address outside the cluster. */
export function leadingTo(name: string, address: string, port: number): object[] {
  const metadata = { name, namespace: 'company' };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'sql', port }] } },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'sql', port }],
    },
  ];
}

/** Objects as kubectl reads them. */
export const manifest = (objects: readonly object[]) =>
  objects.map((one) => stringify(one)).join('---\n');
