import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, type KubeConfig, type V1Pod } from '@kubernetes/client-node';
import { startControllers } from './controller-manager.ts';
import { type KubeApiServer, startKubeApiServer } from './kube-apiserver.ts';
import { kubeconfigAt } from './kubeconfig.ts';

/** A real kube-apiserver with Kubernetes' own controllers. Where nodes would be, Pods are said to be well. */
export interface ControlPlane extends KubeApiServer {
  readonly config: KubeConfig;
}

const controllers = [
  ...['job-controller', 'deployment-controller', 'replicaset-controller', 'statefulset-controller'],
  ...['garbage-collector-controller', 'namespace-controller', 'resourcequota-controller'],
  ...['serviceaccount-controller', 'root-ca-certificate-publisher-controller'],
];

/**
 * Starts one.
 *
 * @param ran Told of each Pod of a Job that has run, so that it does what the Job would have done.
 */
export async function startControlPlane(
  ran: (pod: V1Pod, core: CoreV1Api) => Promise<void>,
): Promise<ControlPlane> {
  const server = await startKubeApiServer();
  const end = startControllers(server.kubeconfig, controllers);
  const config = kubeconfigAt(server.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  let over = false;
  const nodes = (async () => {
    while (!over) {
      // The next round does what this one could not.
      await round(core, ran).catch(() => {});
      await sleep(50);
    }
  })();
  const stop = async () => {
    over = true;
    await nodes;
    await end();
    await server.stop();
  };
  return { ...server, config, stop };
}

/** What a scheduler and kubelets do with all Pods that nobody has taken yet. */
async function round(core: CoreV1Api, ran: (pod: V1Pod, core: CoreV1Api) => Promise<void>) {
  const { items } = await core.listPodForAllNamespaces({ fieldSelector: 'status.phase=Pending' });
  for (const pod of items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)) {
    const isJob = pod.metadata?.ownerReferences?.some(({ kind }) => kind === 'Job') ?? false;
    if (isJob) await ran(pod, core);
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const status = isJob ? succeeded() : running();
    await core.replaceNamespacedPodStatus({ name, namespace, body: { ...pod, status } });
  }
}

const succeeded = () => ({ phase: 'Succeeded', startTime: new Date() });

function running() {
  const now = new Date();
  const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
    ...{ type, status: 'True', lastTransitionTime: now, lastProbeTime: now },
  }));
  return { phase: 'Running', startTime: now, conditions };
}
