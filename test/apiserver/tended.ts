import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1Deployment,
  type V1Job,
  type V1Secret,
} from '@kubernetes/client-node';
import { runJob } from '@sigstand/job/testing';
import { storeOver } from '@sigstand/store/cluster';
import { jobPods } from '../jobs.ts';
import { jobFor } from '../made-stack.ts';
import { accessAs } from '../programs/identity.ts';

/*
 * What Kubernetes' own controllers and kubelets do, as far as a rotation waits for it. After an API server was away, those
 * look again after up to half a minute, and this at once.
 */

/** Tends Jobs and Deployments until it is told to end. */
export function tend(config: KubeConfig): () => Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  const batch = config.makeApiClient(BatchV1Api);
  const apps = config.makeApiClient(AppsV1Api);
  const store = storeOver(accessAs(config), 'tended');

  /** Runs the real Job of a Job that sigstand rotate has made. */
  async function run(job: V1Job): Promise<void> {
    const { name = '', namespace = '', deletionTimestamp, finalizers = [] } = job.metadata ?? {};
    if (deletionTimestamp !== undefined) {
      if (finalizers.length === 0) return;
      const body = [{ op: 'remove', path: '/metadata/finalizers' }];
      await batch.patchNamespacedJob({ name, namespace, body });
      return;
    }
    if (job.spec?.suspend || job.status?.completionTime) return;
    const [container] = job.spec?.template.spec?.containers ?? [];
    const pod = jobPods.find(
      (one) => one.namespace === namespace && `${one.owner.metadata.name}-rotate` === name,
    );
    if (pod === undefined) throw new Error(`nobody asked for ${name}`);
    const args = ['--store=kubernetes', ...(container?.args ?? []), '--timeout=20s'];
    const { status, stderr } = await runJob(jobFor(pod), store, { args, env: pod.env });
    if (status !== 0) throw new Error(stderr);
    const time = new Date();
    const done = { status: 'True', lastProbeTime: time, lastTransitionTime: time };
    const conditions = [
      { type: 'SuccessCriteriaMet', ...done },
      { type: 'Complete', ...done },
    ];
    const ended = { startTime: time, completionTime: time, succeeded: 1, conditions };
    const body = { ...job, status: { ...ended, uncountedTerminatedPods: {} } };
    await batch.replaceNamespacedJobStatus({ name, namespace, body });
  }

  /** Has one Pod that is ready, of the newest template. */
  async function roll(deployment: V1Deployment): Promise<void> {
    const { name = '', namespace = '', generation = 0 } = deployment.metadata ?? {};
    if (deployment.status?.observedGeneration === generation) return;
    const { metadata, spec } = deployment.spec?.template ?? {};
    const labels = metadata?.labels ?? {};
    const newest = `${name}-${createHash('sha256').update(JSON.stringify(metadata)).digest('hex').slice(0, 8)}`;
    const labelSelector = Object.entries(labels)
      .map((pair) => pair.join('='))
      .join();
    const { items } = await core.listNamespacedPod({ namespace, labelSelector });
    if (!items.some((pod) => pod.metadata?.name === newest)) {
      const body = { metadata: { name: newest, labels }, spec: spec ?? { containers: [] } };
      const made = await core.createNamespacedPod({ namespace, body });
      const ready = { type: 'Ready', status: 'True' };
      made.status = { phase: 'Running', conditions: [ready] };
      await core.replaceNamespacedPodStatus({ name: newest, namespace, body: made });
    }
    for (const pod of items) {
      const { name: old = '' } = pod.metadata ?? {};
      if (old !== newest)
        await core.deleteNamespacedPod({ name: old, namespace, gracePeriodSeconds: 0 });
    }
    const status = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
    const body = { ...deployment, status: { ...status, observedGeneration: generation } };
    await apps.replaceNamespacedDeploymentStatus({ name, namespace, body });
  }

  /** What is deleted in the foreground is gone once the garbage collector has found nothing below it. */
  async function collect({ metadata: { name = '', namespace = '' } = {} }: V1Secret) {
    const body = [{ op: 'remove', path: '/metadata/finalizers' }];
    await core.patchNamespacedSecret({ name, namespace, body });
  }

  let over = false;
  const tending = (async () => {
    while (!over) {
      // The next round does what this one could not.
      const rounds = [
        batch.listJobForAllNamespaces().then(({ items }) => Promise.all(items.map(run))),
        apps.listDeploymentForAllNamespaces().then(({ items }) => Promise.all(items.map(roll))),
      ];
      const secrets = core.listSecretForAllNamespaces().then(({ items }) => {
        const going = items.filter(
          ({ metadata }) => metadata?.finalizers && metadata.deletionTimestamp,
        );
        return Promise.all(going.map(collect));
      });
      await Promise.allSettled([...rounds, secrets]);
      await sleep(50);
    }
  })();
  return async () => {
    over = true;
    await tending;
  };
}
