import type { CoreV1Api, V1Pod } from '@kubernetes/client-node';
import type { ControlPlane } from '../programs/control-plane.ts';
import type { Killing } from './killing.ts';
import { labels, smallStack } from './small-stack.ts';

/** What tests need that want controllers. */
export interface Ground {
  readonly plane: ControlPlane;
  readonly killing: Killing;
}

/** What a Job of ours does: it keeps what is there. */
export async function writesKeys({ metadata }: V1Pod, core: CoreV1Api) {
  const body = { metadata: { name: 'keys', labels }, stringData: { key: 'v' } };
  await core
    .createNamespacedSecret({ namespace: metadata?.namespace ?? '', body })
    .catch((error: { code?: number }) => {
      if (error.code !== 409) throw error;
    });
}

/** A stack of one of each kind that the manifests have, and keys that a Job makes. */
export function wholeStack(name: string, there: () => Ground) {
  const stack = smallStack(name, () => there().plane.kubeconfig);
  const { meta, pod } = stack;
  const rights = 'rbac.authorization.k8s.io';
  const keys = { volumes: [{ name: 'keys', secret: { secretName: 'keys' } }] };
  const server = (image: string) => ({
    selector: { matchLabels: { app: 'tuf' } },
    template: { ...pod(image, keys), metadata: { labels: { app: 'tuf', ...labels } } },
  });
  const maker = (image: string) => {
    const { spec } = pod(image, { restartPolicy: 'Never' });
    return { template: { metadata: { labels }, spec } };
  };
  /** One of each kind that the manifests have. */
  const objects = (image = 'a:1') => [
    ...stack.base(),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('maker') },
    { apiVersion: `${rights}/v1`, kind: 'Role', metadata: meta('maker'), rules: [] },
    {
      ...{ apiVersion: `${rights}/v1`, kind: 'RoleBinding', metadata: meta('maker') },
      roleRef: { apiGroup: rights, kind: 'Role', name: 'maker' },
      subjects: [{ kind: 'ServiceAccount', name: 'maker', namespace: stack.ns }],
    },
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: meta('tuf') },
      spec: { podSelector: { matchLabels: { app: 'tuf' } } },
    },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: meta('maker'), spec: maker(image) },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta('tuf'), spec: server(image) },
    {
      ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: meta('db') },
      spec: { serviceName: 'db', ...server(image) },
    },
    {
      ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: meta('maker') },
      spec: { schedule: '0 0 29 2 *', jobTemplate: { spec: maker(image) } },
    },
  ];

  const whole = () => [
    ...objects()
      .filter(({ kind }) => kind !== 'Namespace')
      .map(({ kind, metadata: { name } }) => `${kind} ${name}`),
    'Secret keys',
  ];
  return Object.assign(stack, { objects, whole });
}
