import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Rig, run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';
import { openRunner, type Runner } from './act.ts';

/** Runners, each with its cosign, and crane, in a network where registry.local is the rig's registry. */
export interface Ground {
  readonly cosign2: Runner;
  readonly cosign3: Runner;
  close(): Promise<void>;
}

/** Where the rig's own registry is, under whatever name it is asked. */
const registryAddress = '10.200.0.1';

export async function openGround(cluster: Rig): Promise<Ground> {
  // `ip netns exec` puts a hosts file of the namespace's own over the machine's.
  const folder = `/etc/netns/sigstand-${cluster.env.RIG}`;
  const hosts = join(folder, 'hosts');
  await mkdir(folder, { recursive: true });
  await writeFile(hosts, `127.0.0.1 localhost\n${registryAddress} registry.local\n`);
  await admissionFindsRegistry(cluster);
  const work = await mkdtemp(join(tmpdir(), 'sigstand-consumers-'));
  await writeFile(join(work, 'name'), work);
  const layer = join(work, 'layer.tar');
  await run('tar', ['-cf', layer, '-C', work, 'name']);
  const runner = (cosign: 'cosign2' | 'cosign3') =>
    openRunner(
      cluster,
      { cosign: binary(cosign), crane: binary('crane') },
      { LAYER: layer, SIGSTAND_CLUSTER: 'rig' },
    );
  const [cosign2, cosign3] = [await runner('cosign2'), await runner('cosign3')];
  return {
    ...{ cosign2, cosign3 },
    async close() {
      await cosign2.close();
      await cosign3.close();
      await rm(hosts, { force: true });
      await rm(work, { recursive: true, force: true });
    },
  };
}

/** In kind, Docker's DNS tells Pods where registry.local is. */
async function admissionFindsRegistry(cluster: Rig): Promise<void> {
  const hostAliases = [{ ip: registryAddress, hostnames: ['registry.local'] }];
  const patch = JSON.stringify({ spec: { template: { spec: { hostAliases } } } });
  const webhook = ['-n', 'cosign-system', 'deployment/webhook'];
  await cluster.kubectl('patch', ...webhook, '-p', patch);
  await cluster.kubectl('rollout', 'status', ...webhook, '--timeout=120s');
}
