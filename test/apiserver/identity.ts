import { CoreV1Api, KubeConfig, type User } from '@kubernetes/client-node';

/** The same cluster as another user sees it. */
export function asUser(config: KubeConfig, user: Omit<User, 'name'>): KubeConfig {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig selects no cluster');
  const other = new KubeConfig();
  other.loadFromClusterAndUser(cluster, { name: 'other', ...user });
  return other;
}

/** A token of a service account, which is made where there is none; it has no rights by itself. */
export async function tokenOf(
  config: KubeConfig,
  { namespace, name }: { namespace: string; name: string },
): Promise<string> {
  const api = config.makeApiClient(CoreV1Api);
  await api
    .createNamespacedServiceAccount({ namespace, body: { metadata: { name } } })
    .catch((error: { code?: number }) => {
      if (error.code !== 409) throw error;
    });
  const { status } = await api.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: 3_600 } },
  });
  if (!status?.token) throw new Error('the API server gave no token');
  return status.token;
}
