import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../cluster/rig.ts';

/** Megabytes that the containers of a namespace hold, without what the kernel can take back. @throws {Error} */
export async function memoryOf(cluster: Rig, namespace: string): Promise<number> {
  // The kubelet looks every ten seconds.
  for (const deadline = Date.now() + 60_000; ; await sleep(1_000)) {
    const { pods } = JSON.parse(
      await cluster.kubectl('get', '--raw', '/api/v1/nodes/rig/proxy/stats/summary'),
    ) as { pods: PodStats[] };
    const bytes = pods
      .filter(({ podRef }) => podRef.namespace === namespace)
      .reduce((sum, { memory }) => sum + (memory?.workingSetBytes ?? 0), 0);
    if (bytes > 0) return Math.round(bytes / 1_000_000);
    if (Date.now() > deadline) throw new Error(`the kubelet knows no memory of ${namespace}`);
  }
}

interface PodStats {
  readonly podRef: { readonly namespace: string };
  readonly memory?: { readonly workingSetBytes?: number };
}
