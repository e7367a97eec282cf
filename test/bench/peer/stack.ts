import { join } from 'node:path';
import type { Rig } from '../../cluster/rig.ts';
import { signAndVerify } from '../bring-up/sign.ts';
import { systems } from './convert.ts';

/** How a stack of the peer's comes up: all files in one go, or as its own script has it, each system after the last. */
export type Mode = 'one apply' | 'script order';

const limit = '--timeout=5m';

/** Applies the manifests in the folder `manifests`, waits for all of it, signs a blob and verifies it: its moment. */
export async function bringUpPeer(cluster: Rig, manifests: string, mode: Mode): Promise<number> {
  await (mode === 'one apply' ? atOnce(cluster, manifests) : inOrder(cluster, manifests));
  // Its TUF repository says nothing of where the services are.
  return signAndVerify(cluster, [
    '--use-signing-config=false',
    '--fulcio-url=http://fulcio.fulcio-system.svc',
    '--rekor-url=http://rekor.rekor-system.svc',
    '--timestamp-server-url=http://tsa.tsa-system.svc/api/v1/timestamp',
  ]);
}

/** Copying is nobody's but the script's: here it runs beside the apply, and takes each Secret as soon as it is there. */
async function atOnce(cluster: Rig, manifests: string): Promise<void> {
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
async function inOrder(cluster: Rig, manifests: string): Promise<void> {
  for (const system of systems) {
    await cluster.kubectl('apply', '-f', join(manifests, system));
    if (system === 'tuf')
      for (const [namespace, name] of copies) await copy(cluster, namespace, name);
    const there = ['-n', `${system}-system`, limit];
    // Of Trillian's Jobs it waits for none.
    if (system !== 'trillian')
      await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', '--all', ...there);
    for (const server of servers[system])
      await cluster.kubectl('wait', '--for=condition=Available', `deployment/${server}`, ...there);
  }
}

/** What its script waits for in each system, one after the other. */
const servers: Readonly<Record<(typeof systems)[number], readonly string[]>> = {
  trillian: ['log-server', 'log-signer'],
  rekor: ['rekor'],
  fulcio: ['fulcio', 'fulcio-grpc'],
  ctlog: ['ctlog'],
  tsa: ['tsa'],
  tuf: ['tuf'],
};

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
