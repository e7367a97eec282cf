import type { CoreV1Api, KubeConfig, User } from '@kubernetes/client-node';
import type { Access } from '@sigstand/store/api';
import { accessOf } from '@sigstand/store/kubeconfig';
import { type RawUser, selectedBy } from '@sigstand/store/kubeconfig-file';
import { SharedConnections } from './kubeconfig.ts';

/** How the Jobs reach the cluster that `config` selects, as its user or as another one. */
export function accessAs(config: KubeConfig, user?: RawUser): Access {
  const selected = selectedBy([{ path: '/', title: 'it', text: config.exportConfig() }]);
  if (!selected) throw new Error('the kubeconfig selects no cluster');
  return accessOf(user ? { ...selected, user } : selected);
}

/** The same cluster as another user sees it. */
export function asUser(config: KubeConfig, user: Omit<User, 'name'>): KubeConfig {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig selects no cluster');
  const other = new SharedConnections();
  other.loadFromClusterAndUser(cluster, { name: 'other', ...user });
  return other;
}

/** A token of a service account that is there, good for ten hours. */
export async function tokenOf(
  admin: CoreV1Api,
  { namespace, serviceAccount }: { namespace: string; serviceAccount: string },
): Promise<string> {
  const { status } = await admin.createNamespacedServiceAccountToken({
    name: serviceAccount,
    namespace,
    body: { spec: { audiences: [], expirationSeconds: 36_000 } },
  });
  if (status?.token === undefined) throw new Error(`no token for ${namespace}/${serviceAccount}`);
  return status.token;
}
