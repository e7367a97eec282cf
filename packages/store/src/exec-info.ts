import { readFileSync } from 'node:fs';
import type { RawCluster, RawExec } from './kubeconfig-file.ts';

/**
 * A credential program with KUBERNETES_EXEC_INFO in its environment, as kubectl gives it and the library
 * does not: the version of the answer, and where the program asks for it, the cluster.
 *
 * Source: Kubernetes, "client-go credential plugins"; client.authentication.k8s.io/v1.
 */
export function informed(exec: RawExec, cluster: RawCluster): RawExec {
  const spec = {
    interactive: false,
    ...(exec.provideClusterInfo && { cluster: described(cluster) }),
  };
  const apiVersion = exec.apiVersion ?? 'client.authentication.k8s.io/v1';
  const value = JSON.stringify({ kind: 'ExecCredential', apiVersion, spec });
  return {
    ...exec,
    args: exec.args ?? [],
    env: [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value }],
  };
}

function described(cluster: RawCluster): object {
  const file = cluster['certificate-authority'];
  const data = file ? readFileSync(file).toString('base64') : cluster['certificate-authority-data'];
  const own = cluster.extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec');
  const { server } = cluster;
  return {
    server,
    ...pick(cluster, ['tls-server-name', 'insecure-skip-tls-verify', 'proxy-url']),
    ...(data && { 'certificate-authority-data': data }),
    config: own?.extension ?? null,
  };
}

function pick<Of extends object>(from: Of, keys: readonly (keyof Of)[]): Partial<Of> {
  const there = keys.filter((key) => from[key]).map((key) => [key, from[key]]);
  return Object.fromEntries(there) as Partial<Of>;
}
