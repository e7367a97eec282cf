import { AppsV1Api, BatchV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { kubeconfigAccess } from '@sigstand/store/kubeconfig';
import { beforeAll, expect, inject, it } from 'vitest';
import { groundOver } from '../../packages/sigstand/src/rotate/cluster.ts';

/* What sigstand rotate does with Jobs and Deployments, on a real kube-apiserver: it puts into them what it will, and
   refuses what does not fit. There are no controllers: a test does their work. */

const kubeconfig = inject('kubeconfig');
const config = new KubeConfig();
config.loadFromFile(kubeconfig);
const core = config.makeApiClient(CoreV1Api);
const batch = config.makeApiClient(BatchV1Api);
const apps = config.makeApiClient(AppsV1Api);
const namespace = 'rotating';
const access = kubeconfigAccess({ KUBECONFIG: kubeconfig });

const ground = () => {
  if (access === undefined) throw new Error('no API server');
  return groundOver(access, { now: () => new Date(), signal: new AbortController().signal });
};

beforeAll(async () => {
  await core.createNamespace({ body: { metadata: { name: namespace } } });
});

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let left = 200; left > 0; left -= 1) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come');
}

it('runs a Job again, with more arguments, that the API server takes, and leaves none', async () => {
  const template = {
    metadata: { labels: { 'app.kubernetes.io/name': 'createtree' } },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'createtree', image: 'a:1', args: ['--display-name=rekortree'] }],
    },
  };
  await batch.createNamespacedJob({
    namespace,
    body: { metadata: { name: 'createtree' }, spec: { backoffLimit: 5, template } },
  });
  const running = ground().run({ kind: 'Job', namespace, name: 'createtree' }, ['--next']);
  const name = 'createtree-rotate';
  const made = await eventually(() => batch.readNamespacedJob({ namespace, name }));
  const { containers } = made.spec?.template.spec ?? {};
  expect(containers?.[0]?.args).toEqual(['--display-name=rekortree', '--next']);
  expect(made.spec?.backoffLimit).toBe(5);
  expect(made.spec?.template.metadata?.labels).toMatchObject({
    'app.kubernetes.io/name': 'createtree',
    'batch.kubernetes.io/job-name': name,
  });
  const time = new Date();
  const done = { status: 'True', lastProbeTime: time, lastTransitionTime: time };
  made.status = {
    ...{ startTime: time, completionTime: time, succeeded: 1, uncountedTerminatedPods: {} },
    conditions: [
      { type: 'SuccessCriteriaMet', ...done },
      { type: 'Complete', ...done },
    ],
  };
  await batch.replaceNamespacedJobStatus({ namespace, name, body: made });
  await running;
  // The garbage collector would end it.
  const left = await batch.readNamespacedJob({ namespace, name });
  expect(left.metadata?.deletionTimestamp).toBeDefined();
});

it('has another Pod stand by, and goes on when that waits', async () => {
  const labels = { app: 'rekor' };
  const pod = { containers: [{ name: 'rekor', image: 'a:1' }] };
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: 'rekor' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    },
  });
  const deployment = { kind: 'Deployment', namespace, name: 'rekor' } as const;
  const create = async (name: string) => {
    const metadata = { name, labels };
    await core.createNamespacedPod({ namespace, body: { metadata, spec: pod } });
  };
  const runs = async (name: string) => {
    const made = await core.readNamespacedPod({ namespace, name });
    const waiting = {
      name: 'wait-for-tree',
      ready: false,
      restartCount: 0,
      image: '',
      imageID: '',
    };
    const initContainerStatuses = [{ ...waiting, state: { running: { startedAt: new Date() } } }];
    made.status = { ...made.status, initContainerStatuses };
    await core.replaceNamespacedPodStatus({ namespace, name, body: made });
  };
  await create('old');
  await runs('old');
  let over = false;
  const standing = ground()
    .standBy(deployment)
    .then(() => {
      over = true;
    });
  await eventually(async () => {
    const { spec } = await apps.readNamespacedDeployment({ namespace, name: 'rekor' });
    return spec?.template.metadata?.annotations?.['kubectl.kubernetes.io/restartedAt'];
  });
  await create('new');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(over).toBe(false);
  await runs('new');
  await standing;
});
