import type { Rig } from '../cluster/rig.ts';

/**
 * Has createtuf tell clients of this issuer, as people set it: in a ConfigMap of their own. Of this alone, since
 * sigstore-python takes the last issuer that it is told.
 */
export async function sendClientsTo(cluster: Rig, issuer: string): Promise<void> {
  await cluster.apply(`
apiVersion: v1
kind: ConfigMap
metadata: {name: createtuf-local, namespace: tuf-system}
data: {CREATETUF_OIDC_ISSUER: ${JSON.stringify(issuer)}}
`);
  const place = ['-n', 'tuf-system'];
  await cluster.kubectl('create', 'job', ...place, '--from=cronjob/createtuf', 'told-of-people');
  const done = ['--for=condition=Complete', '--timeout=2m', 'job/told-of-people'];
  await cluster.kubectl('wait', ...place, ...done);
}
