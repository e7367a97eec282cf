import { describe, expect, it } from 'vitest';
import { blocks } from '../chart/restricted/quota.ts';
import { rendered } from '../chart/sets.ts';
import { objectsIn, podsOf } from '../stack.ts';

describe('docs/restricted-clusters.md', () => {
  const values = blocks.filter(({ kind }) => kind === undefined);

  it.each(values)('has values that render: %j', async (block) => {
    const { status, stderr } = await rendered(block);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('has values for OpenShift that name no user or group, its DNS, and no path of which it makes no route', async () => {
    const { stdout } = await rendered(values.find(({ outside }) => outside !== undefined));
    const objects = objectsIn(stdout, 'the page');
    for (const { spec } of podsOf(objects)) {
      expect(JSON.stringify(spec)).not.toMatch(/runAsUser|runAsGroup|fsGroup/);
    }
    const dns = objects.filter(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'dns',
    );
    expect(dns).toHaveLength(6);
    for (const { spec } of dns) {
      const [{ to, ports }] = spec.egress;
      expect(to[0].namespaceSelector.matchLabels).toEqual({
        'kubernetes.io/metadata.name': 'openshift-dns',
      });
      expect(ports.map(({ port }: { port: number }) => port)).toEqual([5353, 5353]);
    }
    const ingresses = objects.filter(({ kind }) => kind === 'Ingress');
    expect(ingresses).toHaveLength(6);
    const paths = ingresses.flatMap(({ spec }) => spec.rules[0].http.paths);
    expect(paths.filter(({ pathType }) => pathType === 'Exact')).toEqual([]);
    const annotated = ingresses.map(({ metadata }) => metadata.annotations);
    for (const annotations of annotated) {
      expect(annotations).toMatchObject({ 'route.openshift.io/termination': 'edge' });
    }
  });
});
