import type { Rig } from '../cluster/rig.ts';
import { until } from './company-stack.ts';

/* A Pod of the log server that differs from those of its Deployment. */

const inTrillian = ['-n', 'trillian-system'];

/** Its label is not theirs, so no policy of theirs lets it out. */
export async function letProbesOut(cluster: Rig): Promise<void> {
  const egress = {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
    metadata: { name: 'probe', namespace: 'trillian-system' },
    spec: {
      podSelector: { matchLabels: { app: 'probe' } },
      policyTypes: ['Egress'],
      egress: [{}],
    },
  };
  await cluster.apply(JSON.stringify(egress));
}

/** What a Pod of the log server says that differs from it, in its first container of this kind alone. */
export async function said(
  rigged: Rig,
  change: (spec: string) => string,
  kind: 'initContainers' | 'containers',
  wanted: RegExp,
): Promise<string> {
  const { spec } = await rigged.get<{ spec: { template: { spec: Record<string, unknown[]> } } }>(
    ...['deployment', 'log-server', ...inTrillian],
  );
  const changed = JSON.parse(change(JSON.stringify(spec.template.spec)));
  const [container] = changed[kind];
  const { readinessProbe: _ready, livenessProbe: _alive, ...alone } = container;
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'probe', namespace: 'trillian-system', labels: { app: 'probe' } },
    spec: { ...changed, initContainers: [], containers: [alone] },
  };
  await rigged.apply(JSON.stringify(pod));
  try {
    let log = '';
    const look = async () => {
      log = await rigged.kubectl('logs', ...inTrillian, 'probe').catch(() => '');
      return wanted.test(log);
    };
    await until(look, `${wanted} in: ${log}`).catch(() => {});
    return log;
  } finally {
    await rigged.kubectl('delete', 'pod', ...inTrillian, 'probe', '--grace-period=1');
  }
}
