import { join } from 'node:path';
import { clusterAccess } from '@sigstand/store/access';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { applied } from '../../packages/sigstand/src/up/apply.ts';
import { labelledObjects } from '../../packages/sigstand/src/up/before.ts';
import { kindsOf } from '../../packages/sigstand/src/up/kinds.ts';
import { objectsIn, titleOf } from '../../packages/sigstand/src/up/objects.ts';
import type { Result } from '../cluster/rig.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { manifests, name, pods } from '../stack.ts';

const folder = join(import.meta.dirname, '../../manifests');

const kubectl = kubectlOn(inject('kubeconfig'));
/** Unknown fields are errors, warnings are printed. */
const apply = (args: readonly string[], input?: string) =>
  kubectl(['apply', '--validate=strict', ...args], input);

const text = manifests.map((one) => JSON.stringify(one)).join('\n---\n');
const unasked = {
  ...{ force: true, end: Number.POSITIVE_INFINITY, waiting: () => {} },
  signal: new AbortController().signal,
};

let first: Result;
beforeAll(async () => {
  first = await apply(['-f', folder]);
});

describe('the manifests, on a real API server', () => {
  it('are taken, every object, with strict validation and without one warning', () => {
    expect(first.stderr).toBe('');
    expect(first.status).toBe(0);
    expect(first.stdout.trim().split('\n')).toHaveLength(manifests.length);
  });

  it('are unchanged when they are applied again', async () => {
    const { status, stdout } = await apply(['-f', folder]);
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => line && !line.endsWith(' unchanged'))).toEqual([]);
  });

  it('are what sigstand up wants, and it says so', async () => {
    const access = await clusterAccess({ KUBECONFIG: inject('kubeconfig') });
    const objects = objectsIn(text, 'the manifests');
    const kinds = await kindsOf(access, objects);
    const before = await labelledObjects(access, kinds, objects);
    const how = { ...unasked, access, kinds, before: (title: string) => before.get(title) };
    const outcomes = await Promise.all(objects.map((one) => applied(one, how)));
    const changed = outcomes.filter(({ outcome }) => outcome !== 'unchanged');
    expect(changed.map(({ object, outcome }) => `${outcome}: ${titleOf(object)}`)).toEqual([]);
  });

  it('go over to server-side apply without a conflict', async () => {
    // What kubectl applied the other way, as GitOps tools take over from people.
    const { status, stdout, stderr } = await apply(['--server-side', '-f', folder]);
    const conflicts = stderr.split('\n').filter((line) => /conflict/i.test(line));
    expect({ status, conflicts }).toEqual({ status: 0, conflicts: [] });
    expect(stdout.trim().split('\n')).toHaveLength(manifests.length);
  });

  it.each(pods.map((pod) => ({ title: name(pod.owner), ...pod })))(
    '$title: its Pod is admitted where `restricted` is enforced',
    async ({ owner, labels, spec }) => {
      // What the StatefulSet's controller does: a volume for each claim.
      const claims = (owner.spec.volumeClaimTemplates ?? []).map(
        ({ metadata }: { metadata: { name: string } }) => ({
          name: metadata.name,
          persistentVolumeClaim: { claimName: metadata.name },
        }),
      );
      const volumes = [...(spec.volumes ?? []), ...claims];
      const pod = podOf(owner.metadata.namespace!, labels, { ...spec, volumes });
      const { status, stderr } = await apply(['--dry-run=server', '-f', '-'], pod);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    },
  );
});

function podOf(namespace: string, labels: object, spec: object): string {
  const metadata = { name: 'as-the-manifest-has-it', namespace, labels };
  return stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
}

describe('the API server that judges them', () => {
  const loose = { containers: [{ name: 'x', image: 'example/x' }] };

  it('refuses a Pod that is not restricted', async () => {
    const { status, stderr } = await apply(
      ['--dry-run=server', '-f', '-'],
      podOf('tuf-system', {}, loose),
    );
    expect(status).toBe(1);
    expect(stderr).toContain('violates PodSecurity "restricted');
  });

  it('warns of a Deployment whose Pods it would refuse', async () => {
    const labels = { app: 'x' };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x', namespace: 'tuf-system' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: loose } },
    };
    const { stderr } = await apply(['--dry-run=server', '-f', '-'], stringify(deployment));
    expect(stderr).toContain('Warning: would violate PodSecurity "restricted');
  });

  it('refuses a field that does not exist', async () => {
    const policy = structuredClone(manifests.find(({ kind }) => kind === 'NetworkPolicy')!);
    policy.spec.egres = [];
    const { status, stderr } = await apply(['--dry-run=server', '-f', '-'], stringify(policy));
    expect(status).toBe(1);
    expect(stderr).toContain('unknown field "spec.egres"');
  });
});
