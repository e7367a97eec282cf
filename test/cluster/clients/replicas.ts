import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../rig.ts';

const place = ['-n', 'fulcio-system'];

interface Container {
  args: string[];
  env: { valueFrom: { secretKeyRef: { name: string } } }[];
}
interface Deployment {
  metadata: { name: string };
  spec: {
    selector: { matchLabels: Record<string, string> };
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: [Container]; volumes: { secret?: { secretName: string } }[] };
    };
  };
}

/** How a Fulcio differs from the one of the manifests. */
export interface Difference {
  /** The Secret that it takes its CA from. */
  readonly secret?: string;
  readonly ctLog?: string;
}

/** One more Fulcio beside the stack's own; resolves to its URL, which is behind no Service. */
export async function oneMoreFulcio(
  cluster: Rig,
  name: string,
  { secret, ctLog }: Difference,
): Promise<string> {
  const { spec } = await cluster.get<Deployment>('deployment', 'fulcio', ...place);
  const [container] = spec.template.spec.containers;
  const labels = { 'app.kubernetes.io/name': name };
  spec.selector.matchLabels = labels;
  spec.template.metadata.labels = labels;
  if (secret !== undefined) {
    for (const volume of spec.template.spec.volumes) {
      if (volume.secret) volume.secret.secretName = secret;
    }
    for (const { valueFrom } of container.env) valueFrom.secretKeyRef.name = secret;
  }
  if (ctLog !== undefined) {
    container.args = container.args.map((arg) => arg.replace(/^(--ct-log-url=).*/, `$1${ctLog}`));
  }
  const metadata = { name, namespace: 'fulcio-system' };
  await cluster.apply(JSON.stringify(open(metadata, labels)));
  await cluster.apply(
    JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }),
  );
  const deployment = `deployment/${name}`;
  await cluster.kubectl('rollout', 'status', ...place, deployment, '--timeout=2m');
  for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
    const ip = await cluster.kubectl(
      ...['get', 'pods', ...place, '-l', `app.kubernetes.io/name=${name}`],
      ...['-o', 'jsonpath={.items[*].status.podIP}'],
    );
    if (ip !== '') return `http://${ip}:5555`;
    if (Date.now() > deadline) throw new Error(`${name} has no address`);
  }
}

/** The policies of the stack are for its own Fulcio. A Pod that none selects but default-deny reaches nothing. */
function open(metadata: object, matchLabels: object) {
  const spec = {
    ...{ podSelector: { matchLabels }, policyTypes: ['Ingress', 'Egress'] },
    ...{ ingress: [{}], egress: [{}] },
  };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
}
