import { dirname, join } from 'node:path';
import { caExtensions, opensslCertificate } from '@sigstand/pki/testing';
import { stringify } from 'yaml';
import { type Rig, root } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import { end, spawnBound } from '../../programs/spawn.ts';

/** The name of the ClusterIssuer. */
export const issuer = 'company';

/** cert-manager's controllers on the rig, with an issuer that has a CA of its own. */
export interface CertManager {
  /** PEM of that CA. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** Starts them as a program in the rig's network; resolves when the issuer is ready. */
export async function startCertManager(cluster: Rig): Promise<CertManager> {
  const definitions = join(dirname(binary('cert-manager')), 'definitions');
  await cluster.kubectl('apply', '--server-side', '-f', definitions);
  await cluster.kubectl('wait', '--for=condition=Established', '-f', definitions, '--timeout=60s');
  const command = ['exec', '--', binary('cert-manager'), '-enable-gateway-api'];
  const env = { ...process.env, ...cluster.env };
  const child = spawnBound(join(root, 'test/rig/rig'), command, { env, stdio: 'ignore' });

  const ca = opensslCertificate({ subject: '/CN=CA of cert-manager', extensions: caExtensions });
  const data = { 'tls.crt': ca.certificate.toString(), 'tls.key': ca.key.toString() };
  const secret = { name: 'company-ca', namespace: 'cert-manager' };
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'cert-manager' } },
    {
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls' },
      ...{ metadata: secret, stringData: data },
    },
    {
      ...{ apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: issuer } },
      spec: { ca: { secretName: secret.name } },
    },
  ];
  await cluster.apply(objects.map((one) => stringify(one)).join('---\n'));
  const ready = ['--for=condition=Ready', `clusterissuer/${issuer}`, '--timeout=60s'];
  await cluster.kubectl('wait', ...ready);
  return { ca: data['tls.crt'], stop: () => end(child) };
}
