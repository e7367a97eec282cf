import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import { tokenOf } from '../programs/identity.ts';

/** A token of a service account, which is made where there is none; it has no rights by itself. */
export async function accountToken(
  config: KubeConfig,
  { namespace, name }: { namespace: string; name: string },
): Promise<string> {
  const api = config.makeApiClient(CoreV1Api);
  await api
    .createNamespacedServiceAccount({ namespace, body: { metadata: { name } } })
    .catch((error: { code?: number }) => {
      if (error.code !== 409) throw error;
    });
  return tokenOf(api, { namespace, serviceAccount: name });
}
