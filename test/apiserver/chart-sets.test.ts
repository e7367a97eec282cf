import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { chart, runHelm } from '../../scripts/chart/rendered.ts';
import { certificate } from '../chart/certificate.ts';
import { flags, objectsOf, rendered, type SetName, sets } from '../chart/sets.ts';
import { jobPodsOf } from '../jobs.ts';
import { endOf } from '../network/needs.ts';
import { type End, evaluate, type Policy, policies } from '../network/policies.ts';
import { binary } from '../programs/binaries.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { granted, runAll } from '../rights.ts';
import { name, objectsIn, pods, podsOf } from '../stack.ts';

const names = Object.keys(sets) as SetName[];
type Rendered = Awaited<ReturnType<typeof objectsOf>>;
const all = new Map<SetName, Rendered>();
const of = (set: SetName) => all.get(set)!;
const theirs: SetName = 'namespaces of others, and users of the cluster’s choice';
const everything: SetName = 'a prefix, and all else';
const single: SetName = 'one namespace for all';
const odd: SetName = 'words and numbers that YAML may take for others';
const another: SetName = 'a database that somebody else runs';

beforeAll(async () => {
  await Promise.all(names.map(async (set) => all.set(set, await objectsOf(set))));
});

/** The namespaces that a set's objects are in. */
const namespacesOf = ({ objects }: Rendered) => [
  ...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? [])),
];

/** kubectl on the throw-away API server: unknown fields are errors, warnings are printed. */
const kubectl = kubectlOn(inject('kubeconfig'));

/** The Gateway API's own definitions, as its project releases them. */
async function gatewayApi() {
  const folder = binary('gateway-api');
  const applied = await kubectl(['apply', '--server-side', '-f', folder]);
  expect(applied).toMatchObject({ status: 0 });
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', folder]);
}

// The defaults are the manifests, which manifests.test.ts applies to the same API server at the same time.
describe.each(names.slice(1))('the chart with %s', (set) => {
  it('is taken by a real API server, every object, with strict validation and without one warning', async () => {
    const { text, objects } = of(set);
    if (set === theirs) {
      for (const one of namespacesOf(of(set))) await kubectl(['create', 'namespace', one]);
    }
    if (objects.some(({ kind }) => kind === 'HTTPRoute')) await gatewayApi();
    const { status, stdout, stderr } = await kubectl(
      ['apply', '--validate=strict', '-f', '-'],
      text,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(objects.length);
    expect(new Set(objects.map(name)).size).toBe(objects.length);
  });
});

describe.each(names)('the chart with %s', (set) => {
  it('names no namespace of another set', () => {
    const text = JSON.stringify(of(set).objects);
    const others = names.filter((one) => one !== set).flatMap((one) => namespacesOf(of(one)));
    const named = others.filter((one) => new RegExp(`(?<![\\w-])${one}(?![\\w-])`).test(text));
    expect(others.length).toBeGreaterThan(12);
    expect(named).toEqual([]);
  });
});

// The others differ from these, or from the manifests, by a name alone.
describe.each([everything, single])('the chart with %s', (set) => {
  it('runs Jobs that do what their Roles grant, and nothing else, in its own namespaces', async () => {
    // By their images the tests know which Pod is a Job's.
    const text = of(set).text.replaceAll(/mirror\.example:5000\/ghcr\//g, 'ghcr.io/');
    const objects = objectsIn(text, set);
    const once = jobPodsOf(objects).filter(({ owner }) => owner.kind === 'Job');
    expect(once).toHaveLength(9);
    const { used, addresses } = await runAll(once);
    for (const pod of once) {
      expect([pod.title, ...granted(pod, objects).sort()]).toEqual([
        pod.title,
        ...[...used.get(pod.title)!].sort(),
      ]);
    }
    const server = objects.find(({ metadata }) => metadata.name === 'log-server-admin')!;
    const { domain = '' } = (sets[set] as { cluster?: { domain?: string } }).cluster ?? {};
    const host = `log-server-admin.${server.metadata.namespace}.svc${domain && `.${domain}`}`;
    expect([...addresses]).toEqual([`${host}:80`]);
  });
});

describe('what a value changes', () => {
  const specs = (set: SetName) => podsOf(of(set).objects).map(({ spec }) => spec);
  it('is in each Pod, where it is of Pods', () => {
    const { pods: wanted, images } = sets[everything];
    expect(specs(everything)).toHaveLength(pods.length);
    for (const spec of specs(everything)) {
      expect(spec).toMatchObject({
        priorityClassName: wanted.priorityClassName,
        nodeSelector: wanted.nodeSelector,
        tolerations: wanted.tolerations,
        imagePullSecrets: images.pullSecrets.map((one) => ({ name: one })),
        securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000 },
      });
      for (const { image } of [...(spec.initContainers ?? []), ...spec.containers]) {
        expect(image).toMatch(/^mirror\.example:5000\/(ghcr|hub)\//);
      }
    }
  });

  it('is the label of each object and Pod, where it is that', () => {
    const { objects } = of(everything);
    const label = { 'app.kubernetes.io/instance': 'stg' };
    for (const { metadata } of objects) expect(metadata.labels).toMatchObject(label);
    for (const { labels } of podsOf(objects)) expect(labels).toMatchObject(label);
  });

  it('leaves users out where the cluster chooses them', () => {
    const text = JSON.stringify(specs(theirs));
    expect(text).not.toMatch(/runAsUser|runAsGroup|fsGroup/);
    expect(text).toContain('"runAsNonRoot":true');
    expect(of(theirs).objects.filter(({ kind }) => kind === 'Namespace')).toEqual([]);
  });

  it('is written as it was, though YAML may take a word for a number, and Helm a number for another', async () => {
    const { text } = of(odd);
    expect(text).not.toMatch(/[0-9]e[+][0-9]/);
    expect(specs(odd)[0]!.securityContext).toMatchObject({ runAsUser: 1_000_650_000 });
    expect(text).toContain('requests: {cpu: 30m, memory: "1073741824"}');
    const { stdout } = await rendered({ storage: { size: 5_368_709_120 } });
    expect(stdout).toContain('storage: "5368709120"');
  });

  it('leaves out of a CA what is no certificate, which no reader of it would want', () => {
    const authority = of(another).objects.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'database-ca',
    );
    expect(authority?.data).toEqual({ 'ca.crt': certificate + certificate });
  });

  it('leads Rekor to free memory in time, whatever its limit', () => {
    const rekor = podsOf(of(everything).objects).find(
      ({ owner }) => owner.kind === 'Deployment' && owner.metadata.name === 'rekor',
    )!.spec.containers[0];
    expect(rekor.resources).toEqual({
      requests: { cpu: '1', memory: '1Gi' },
      limits: { cpu: '4', memory: '4Gi' },
    });
    expect(rekor.env).toContainEqual({ name: 'GOMEMLIMIT', value: '3600MiB' });
  });
});

describe('one namespace for all', () => {
  /** The same Pod in the one namespace: two Jobs have another name there. */
  const moved = ({ pod, ...end }: End): End => {
    const { namespace, labels, ports } = pod!;
    const label = labels['app.kubernetes.io/name'] ?? '';
    const twice = ['createsecret', 'createtree'].includes(label);
    const own = twice ? `${namespace.replace('-system', '')}-${label}` : label;
    return {
      ...end,
      pod: { namespace: 'all-in-one', labels: { 'app.kubernetes.io/name': own }, ports },
    };
  };

  it('has the network that six have, between the same Pods', () => {
    const own = of(single).objects.filter(({ kind }) => kind === 'NetworkPolicy');
    const [six, one] = [policies, own as unknown as Policy[]].map(evaluate);
    const ends = [...new Map(pods.map(endOf).map((end) => [end.name, end])).values()];
    const numbers = ends.flatMap(({ pod }) => Object.values(pod!.ports));
    const ports = [...new Set([...numbers, 53, 80, 443, 6443])];
    const wrong = ends.flatMap((from) =>
      ends.flatMap((to) =>
        ports.flatMap((port) => {
          const wire = { protocol: 'TCP', port } as const;
          const [a, b] = [six!, one!].map(({ sends, receives }, index) => {
            const [source, target] = index === 0 ? [from, to] : [moved(from), moved(to)];
            return `${sends(source, target)(wire)} ${receives(source, target)(wire)}`;
          });
          return a === b ? [] : [`${from.name} -> ${to.name} ${port}: ${b}, not ${a}`];
        }),
      ),
    );
    expect(ends.length * ends.length * ports.length).toBeGreaterThan(2_000);
    expect(wrong).toEqual([]);
  });
});

describe('a release', () => {
  const env = { KUBECONFIG: inject('kubeconfig') };
  const helm = (...args: string[]) =>
    runHelm(binary('helm'), [...args, '--namespace', 'default'], env);
  const values = { namespaces: { prefix: 'rel-' }, instance: 'rel' };
  afterAll(() => helm('uninstall', 'rel', '--ignore-not-found'));

  it('is installed, and taken away, by Helm; what another has stays', async () => {
    const ask = async (...args: string[]) => (await kubectl(['get', '-o', 'name', ...args])).stdout;
    expect(await helm('install', 'rel', chart, ...flags(values))).toMatchObject({ status: 0 });
    expect(await ask('jobs', '-n', 'rel-tuf-system')).toContain('job.batch/createtuf\n');
    expect(await helm('uninstall', 'rel')).toMatchObject({ status: 0 });
    const wide = await ask('clusterrolebindings');
    expect(wide).not.toContain('rel-fulcio-system');
    expect(wide).toContain('/stg-fulcio-system-issuer-discovery\n');
  });
});
