import { Readable } from 'node:stream';
import { records } from '@sigstand/contracts/records';
import { show } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { withImages } from './images.ts';
import { objectsIn, titleOf } from './objects.ts';
import { planOf } from './plan.ts';
import { stackOf } from './stack.ts';

const noInput = { stdin: () => Readable.from([]), signal: new AbortController().signal };
const { objects, tuf } = await stackOf(undefined, noInput);
const plan = planOf(objects);
const planned = (title: string) => plan.find((one) => one.title === title)!;

describe('the plan of the manifests of this version', () => {
  it('has every object, once, and knows where the TUF repository is', () => {
    expect(new Set(plan.map(({ title }) => title)).size).toBe(objects.length);
    expect(tuf).toBe('tuf-system');
  });

  it('waits for nothing but what Jobs write, and what Kubernetes makes in each namespace', () => {
    const written = new Set(records.map(show));
    const unknown = plan
      .flatMap(({ needs }) => needs)
      .filter((title) => !written.has(title) && !/\/(kube-root-ca\.crt|default)$/.test(title));
    expect(unknown).toEqual([]);
  });

  it('starts a server once it can mount its keys', () => {
    const records = (title: string) =>
      planned(title).needs.filter((need) => /^(Secret|ConfigMap .*\/(rekor-|tuf-))/.test(need));
    expect(records('Deployment rekor-system/rekor')).toEqual([
      'Secret rekor-system/trillian-mysql',
      'Secret rekor-system/rekor-signing-secret',
    ]);
    expect(records('Deployment ctlog-system/ctlog')).toEqual(['Secret ctlog-system/ctlog-secrets']);
    expect(records('Deployment tuf-system/tuf')).toEqual(['ConfigMap tuf-system/tuf-repository']);
  });

  it('starts the database and the Jobs at once', () => {
    expect(planned('StatefulSet trillian-system/mysql-trillian').needs).toEqual([
      'ServiceAccount trillian-system/default',
    ]);
    expect(planned('Job tuf-system/createtuf').needs).toEqual([
      'ConfigMap tuf-system/kube-root-ca.crt',
    ]);
  });

  it('makes a namespace before what is in it, and accounts, Roles and policies before Pods', () => {
    expect(planned('ServiceAccount tuf-system/createtuf').after).toEqual(['Namespace tuf-system']);
    const { after } = planned('Job tuf-system/createtuf');
    expect(after).toEqual(
      expect.arrayContaining([
        'Namespace tuf-system',
        'NetworkPolicy tuf-system/default-deny',
        'RoleBinding tuf-system/createtuf',
        'ConfigMap tuf-system/createtuf-settings',
      ]),
    );
    expect(after).not.toContain('Job tuf-system/copysecrets');
  });

  it('has no circle', () => {
    const done = new Set<string>();
    for (let left = plan; left.length > 0; ) {
      const now = left.filter(({ after }) => after.every((title) => done.has(title)));
      expect(now).not.toEqual([]);
      for (const { title } of now) done.add(title);
      left = left.filter(({ title }) => !done.has(title));
    }
    expect(done.size).toBe(plan.length);
  });
});

describe('manifests', () => {
  const configMap = (name: string, more = '') =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: a\n  labels: {app.kubernetes.io/part-of: sigstand}\n${more}`;

  it('are read from lists and documents; hooks are left out', () => {
    const hook = '  annotations: {helm.sh/hook: pre-rollback}\n';
    const items = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } }],
    });
    const text = [configMap('one'), '# nothing', configMap('two', hook), items].join('\n---\n');
    expect(objectsIn(text, 'here').map(titleOf)).toEqual(['ConfigMap a/one', 'Secret s']);
  });

  it.each([
    ['no YAML at line 2', 'a: b\nc: [secret-word'],
    ['no object of a stack', ''],
    ['lacks apiVersion, kind or a name', 'kind: Secret'],
    ['has ConfigMap a/one twice', `${configMap('one')}\n---\n${configMap('one')}`],
  ])('are refused: %s', (why, text) => {
    expect(() => objectsIn(text, 'here')).toThrow(why);
    expect(() => objectsIn(text, 'here')).not.toThrow('secret-word');
  });
});

describe('images', () => {
  const images = (all: unknown) => [
    ...new Set([...JSON.stringify(all).matchAll(/"image":"([^"]*)"/g)].map(([, image]) => image)),
  ];

  it('of ours come from a registry that is named, by tag and anew each time', () => {
    const digest = `@sha256:${'a'.repeat(64)}`;
    const pinned = JSON.parse(
      JSON.stringify(objects).replaceAll(/(ghcr\.io\/sigstand\/\w+:0\.1\.0)/g, `$1${digest}`),
    );
    const moved = withImages(pinned, { registry: 'r.example/team' });
    const ours = images(moved).filter((image) => image?.startsWith('r.example/'));
    expect(ours).toHaveLength(7);
    expect(ours).toContain('r.example/team/createtuf:0.1.0');
    expect(JSON.stringify(moved)).not.toContain('ghcr.io/sigstand');
    const job = JSON.stringify(moved.find((one) => titleOf(one) === 'Job tuf-system/createtuf'));
    expect(job).toContain('"imagePullPolicy":"Always"');
    expect(images(moved).filter((image) => image?.includes('@sha256:'))).not.toEqual([]);
  });

  it('are taken by tag where digests are others, and else as they are', () => {
    expect(JSON.stringify(withImages(objects, { byTag: true }))).not.toContain('@sha256:');
    expect(withImages(objects, {})).toEqual(objects);
  });
});
