import { join } from 'node:path';
import type { Rig } from '../../cluster/rig.ts';
import { signAndVerify } from '../bring-up/sign.ts';
import type { Release } from './releases.ts';

/** How a stack of the peer's comes up: all files in one go, or as its own script has it, each system after the last. */
export type Mode = 'one apply' | 'script order';

/** What comes up, and the folder of its manifests. */
interface Stack {
  readonly release: Release;
  readonly manifests: string;
}

const limit = '--timeout=5m';

/** Applies the manifests, waits for all of it, signs a blob and verifies it: its moment. */
export async function bringUpPeer(cluster: Rig, stack: Stack, mode: Mode): Promise<number> {
  await (mode === 'one apply' ? atOnce(cluster, stack) : inOrder(cluster, stack));
  return signAndVerify(cluster, stack.release.signFlags);
}

/** Copying is nobody's but the script's: here it runs beside the apply, and takes each Secret as soon as it is there. */
async function atOnce(cluster: Rig, { manifests }: Stack): Promise<void> {
  const applied = cluster.kubectl('apply', '-R', '-f', manifests);
  // The target's namespace comes with the last of the files.
  const copied = Promise.all(
    copies.map(async ([namespace, name]) => {
      await cluster.kubectl('wait', '--for=create', limit, '-n', namespace, `secret/${name}`);
      await cluster.kubectl('wait', '--for=create', limit, 'namespace/tuf-system');
      await copy(cluster, namespace, name);
    }),
  );
  await Promise.all([applied, copied]);
  await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', '--all', '-A', limit);
  await cluster.kubectl('wait', '--for=condition=Available', 'deployments', '--all', '-A', limit);
}

/** The stages and waits of its release script, which has no pauses. */
async function inOrder(cluster: Rig, { release, manifests }: Stack): Promise<void> {
  for (const { folder, namespace, jobs, servers } of release.systems) {
    await cluster.kubectl('apply', '-f', join(manifests, folder));
    if (folder === 'tuf') for (const [from, name] of copies) await copy(cluster, from, name);
    const there = ['-n', namespace, limit];
    if (jobs) await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', '--all', ...there);
    for (const server of servers)
      await cluster.kubectl('wait', '--for=condition=Available', `deployment/${server}`, ...there);
  }
}

/** What its script copies to tuf-system, and in which order; of the timestamp authority the private key as well. */
const copies = [
  ['ctlog-system', 'ctlog-public-key'],
  ['fulcio-system', 'fulcio-pub-key'],
  ['rekor-system', 'rekor-pub-key'],
  ['tsa-system', 'tsa-cert-chain'],
] as const;

async function copy(cluster: Rig, namespace: string, name: string): Promise<void> {
  const secret = await cluster.kubectl('get', 'secret', name, '-n', namespace, '-o', 'yaml');
  await cluster.apply(secret.replace(/^( +namespace: ).*$/m, '$1tuf-system'));
}
