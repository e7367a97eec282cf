import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import { describe, expect, inject, it } from 'vitest';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { type Pod, pods } from '../stack.ts';

const config = kubeconfigAt(inject('kubeconfig'));
const core = config.makeApiClient(CoreV1Api);

/** The quotas that the manifests' README names: namespace, and the amounts as Kubernetes takes them. */
function quotas(): { title: string; hard: Record<string, string> }[] {
  const readme = readFileSync(join(import.meta.dirname, '../../manifests/README.md'), 'utf8');
  const rows = readme.matchAll(/^\| (\S+-system) \| (\d+m) \| (\d+Mi) \| (\d+m) \| (\d+Mi) \|$/gm);
  return [...rows].map(([, title = '', ...amounts]) => {
    const kinds = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
    return { title, hard: Object.fromEntries(kinds.map((kind, at) => [kind, amounts[at] ?? ''])) };
  });
}

/** The Pod as its controller would make it. */
function podOf({ owner, spec }: Pod, namespace: string): V1Pod {
  const claims = (owner.spec.volumeClaimTemplates ?? []).map(
    ({ metadata: { name } }: { metadata: { name: string } }) => ({
      name,
      persistentVolumeClaim: { claimName: name },
    }),
  );
  const volumes = [...(spec.volumes ?? []), ...claims];
  const metadata = { generateName: `${owner.metadata.name}-`, namespace };
  return { metadata, spec: { ...spec, volumes } } as V1Pod;
}

/** Puts the quota in force at once; a controller would count what is used first. */
async function limit(namespace: string, hard: Record<string, string>): Promise<void> {
  const metadata = { name: 'all' };
  const used = Object.fromEntries(Object.keys(hard).map((kind) => [kind, '0']));
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  const body = await core.createNamespacedResourceQuota({
    namespace,
    body: { metadata, spec: { hard } },
  });
  await core.replaceNamespacedResourceQuotaStatus({
    ...metadata,
    namespace,
    body: { ...body, status: { hard, used } },
  });
  await inForce(namespace);
}

/** Until the API server has heard of a quota, it takes every Pod and counts none. */
async function inForce(namespace: string): Promise<void> {
  const much = { cpu: '1k', memory: '1Ti' };
  const container = { name: 'much', image: 'much', resources: { requests: much, limits: much } };
  const body = { metadata: { name: 'much', namespace }, spec: { containers: [container] } };
  const asked = { namespace, body, dryRun: 'All' };
  for (const end = Date.now() + 20_000; ; await sleep(50)) {
    const refusal = await core.createNamespacedPod(asked).then(() => '', String);
    if (refusal.includes('exceeded quota')) return;
    if (refusal !== '') throw new Error(refusal);
    if (Date.now() > end) throw new Error(`the quota of ${namespace} is not in force after 20 s`);
  }
}

describe('a quota of the size that the README names', () => {
  it.each(quotas())(
    '$title: takes every Pod at once, a rolling one too, and no more',
    async ({ title, hard }) => {
      const namespace = `quota-${title}`;
      await limit(namespace, hard);
      const ours = pods.filter(({ owner }) => owner.metadata.namespace === title);
      const rolling = ours.filter(({ owner }) => owner.kind === 'Deployment');
      expect(ours.length).toBeGreaterThan(0);
      for (const pod of [...ours, ...rolling]) {
        await core.createNamespacedPod({ namespace, body: podOf(pod, namespace) });
      }
      const another = podOf(ours[0]!, namespace);
      await expect(core.createNamespacedPod({ namespace, body: another })).rejects.toThrow(
        'exceeded quota',
      );
    },
  );
});
