import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyAll, bringUp } from '../cluster/bring-up.ts';
import { issuer } from '../cluster/cosign.ts';
import { startInside } from '../cluster/inside.ts';
import { type Rig, rig, root, run } from '../cluster/rig.ts';

/** What Fulcio knows our issuer by: a name that only Pods of its namespace resolve. */
export const issuerUrl = 'http://fakeoidc:8080';

/** A stack where suites expect one: its servers on 127.0.0.1, and an issuer whose tokens Fulcio takes. */
export interface Ground {
  readonly cluster: Rig;
  readonly work: string;
  /** The folder that `npm run export` wrote. */
  readonly trust: string;
  /** Where the suites' whole output goes; it stays. */
  readonly logs: string;
  close(): Promise<void>;
}

export async function openGround(instance: string): Promise<Ground> {
  const cluster = rig(instance);
  const work = await mkdtemp(join(tmpdir(), `sigstand-${instance}-`));
  await applyAll(cluster, await bringUp(cluster, work));
  const inside = await openPlaces(cluster);
  await introduceIssuer(cluster);
  const trust = join(work, 'trust');
  const env = { ...cluster.env, SIGSTAND_OUT: join(work, 'out') };
  const exported = await run('bash', ['scripts/export.sh', '--to', trust, '--issuer', issuer], {
    env,
  });
  if (exported.status !== 0) throw new Error(`export: ${exported.stdout}${exported.stderr}`);
  const logs = join(process.env.SIGSTAND_OUT ?? join(root, '.sigstand'), 'foreign');
  await mkdir(logs, { recursive: true });
  return {
    ...{ cluster, work, trust, logs },
    async close() {
      await inside.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}

async function openPlaces(cluster: Rig) {
  const rekor = await cluster.kubectl(
    ...['get', 'pod', '-n', 'rekor-system', '-l', 'app.kubernetes.io/name=rekor'],
    ...['--field-selector', 'status.phase=Running', '-o', 'jsonpath={.items[0].status.podIP}'],
  );
  const forwards = [
    '3000=rekor.rekor-system.svc:80',
    '5555=fulcio.fulcio-system.svc:80',
    '5554=fulcio.fulcio-system.svc:5554',
    '3004=tsa.tsa-system.svc:80',
    '6962=ctlog.ctlog-system.svc:80',
    // Rekor's metrics, which no Service leads to.
    `2112=${rekor}:2112`,
  ];
  return startInside(cluster, join(import.meta.dirname, 'inside.ts'), [issuerUrl, ...forwards]);
}

/** A name for the issuer that Pods of Fulcio's namespace resolve, and Fulcio's trust in it. */
async function introduceIssuer(cluster: Rig): Promise<void> {
  await cluster.apply(`
apiVersion: v1
kind: Service
metadata: {name: fakeoidc, namespace: fulcio-system}
spec: {ports: [{port: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: fakeoidc
  namespace: fulcio-system
  labels: {kubernetes.io/service-name: fakeoidc}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.200.0.1]}]
---
# The stack's policy lets Fulcio reach issuers by https alone.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: fakeoidc, namespace: fulcio-system}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: fulcio}}
  policyTypes: [Egress]
  egress: [{ports: [{protocol: TCP, port: 8080}]}]
`);
  const { data } = await cluster.get<{ data: Record<string, string> }>(
    ...['configmap', 'fulcio-config', '-n', 'fulcio-system'],
  );
  const known = data['config.yaml'] ?? '';
  const theirs = `oidc-issuers:
  ${issuerUrl}:
    issuer-url: ${issuerUrl}
    client-id: sigstore
    type: email
`;
  const config = known.replace('oidc-issuers:\n', theirs);
  if (config === known) throw new Error(`no oidc-issuers in fulcio-config:\n${known}`);
  await cluster.kubectl(
    ...['patch', 'configmap', 'fulcio-config', '-n', 'fulcio-system', '--type=merge'],
    ...['-p', JSON.stringify({ data: { 'config.yaml': config } })],
  );
  const fulcio = ['deployment/fulcio', '-n', 'fulcio-system'];
  await cluster.kubectl('rollout', 'restart', ...fulcio);
  await cluster.kubectl('rollout', 'status', ...fulcio, '--timeout=3m');
}
