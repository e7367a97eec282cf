import { setTimeout as sleep } from 'node:timers/promises';
import { AdmissionregistrationV1Api, CoreV1Api } from '@kubernetes/client-node';
import { denyWrites } from '../../programs/admission.ts';
import { kubeconfigAt } from '../../programs/kubeconfig.ts';

/** Makes the namespaces take no new object; resolves, once they take none, to what ends that. */
export type Lock = (
  kubeconfig: string,
  namespaces: readonly string[],
) => Promise<() => Promise<void>>;

/** By quotas that are used up. There is no controller that counts, so this says what it would. */
export const fillQuotas: Lock = async (kubeconfig, namespaces) => {
  const { core } = apis(kubeconfig);
  const name = 'few';
  const hard = { 'count/secrets': '0', 'count/configmaps': '0' };
  const quota = { metadata: { name }, spec: { hard } };
  for (const namespace of namespaces) {
    await core.createNamespacedResourceQuota({ namespace, body: quota });
    const body = { ...quota, status: { hard, used: hard } };
    await core.replaceNamespacedResourceQuotaStatus({ namespace, name, body });
  }
  await untilRefused(core, namespaces);
  return async () => {
    for (const namespace of namespaces)
      await core.deleteNamespacedResourceQuota({ namespace, name });
    await untilTaken(core, namespaces);
  };
};

/** By an admission policy. */
export const denyAll: Lock = async (kubeconfig, namespaces) => {
  const { core, admission } = apis(kubeconfig);
  const name = `deny-all-${namespaces[0]}`;
  await denyWrites(admission, {
    ...{ name, namespaces, resources: ['secrets', 'configmaps'] },
    says: { message: 'ask the platform team' },
  });
  await untilRefused(core, namespaces);
  return async () => {
    await admission.deleteValidatingAdmissionPolicyBinding({ name });
    await admission.deleteValidatingAdmissionPolicy({ name });
    await untilTaken(core, namespaces);
  };
};

/** By deleting them. The finalizer that each has from the start keeps them, and all that is in them. */
export const endNamespaces: Lock = async (kubeconfig, namespaces) => {
  const { core } = apis(kubeconfig);
  for (const name of namespaces) await core.deleteNamespace({ name });
  await untilRefused(core, namespaces);
  return async () => {};
};

function apis(kubeconfig: string) {
  const config = kubeconfigAt(kubeconfig);
  return {
    core: config.makeApiClient(CoreV1Api),
    admission: config.makeApiClient(AdmissionregistrationV1Api),
  };
}

const untilRefused = (core: CoreV1Api, namespaces: readonly string[]) =>
  until(core, namespaces, false);
const untilTaken = (core: CoreV1Api, namespaces: readonly string[]) =>
  until(core, namespaces, true);

/** Admission learns of what has changed a moment later. */
async function until(core: CoreV1Api, namespaces: readonly string[], taken: boolean) {
  for (const namespace of namespaces) {
    for (const deadline = Date.now() + 20_000; ; await sleep(50)) {
      if ((await takes(core, namespace)) === taken) break;
      if (Date.now() > deadline) throw new Error(`${namespace} takes objects: ${!taken}`);
    }
  }
}

async function takes(core: CoreV1Api, namespace: string): Promise<boolean> {
  const name = 'probe';
  const body = { metadata: { name } };
  try {
    await core.createNamespacedSecret({ namespace, body });
    await core.deleteNamespacedSecret({ namespace, name });
    await core.createNamespacedConfigMap({ namespace, body });
    await core.deleteNamespacedConfigMap({ namespace, name });
    return true;
  } catch (error) {
    const { code } = error as { code?: number };
    if (code === 403 || code === 422) return false;
    throw error;
  }
}
