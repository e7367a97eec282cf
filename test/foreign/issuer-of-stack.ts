import type { Rig } from '../cluster/rig.ts';

/** Has createtuf tell clients of this issuer first, as people set it: in a ConfigMap of their own. */
export async function sendClientsTo(cluster: Rig, issuer: string): Promise<void> {
  const { data } = await cluster.get<{ data: Record<string, string> }>(
    ...['configmap', 'createtuf-settings', '-n', 'tuf-system'],
  );
  const both = `${issuer} ${data.CREATETUF_OIDC_ISSUER}`;
  await cluster.apply(`
apiVersion: v1
kind: ConfigMap
metadata: {name: createtuf-local, namespace: tuf-system}
data: {CREATETUF_OIDC_ISSUER: ${JSON.stringify(both)}}
`);
  const job = ['job', '-n', 'tuf-system'];
  await cluster.kubectl('create', ...job, '--from=cronjob/createtuf', 'told-of-people');
  const done = ['--for=condition=Complete', '--timeout=2m', 'job/told-of-people'];
  await cluster.kubectl('wait', '-n', 'tuf-system', ...done);
}
