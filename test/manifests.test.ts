import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { records } from '@sigstand/contracts/records';
import { exitStatus } from '@sigstand/job/errors';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import type { Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { argsInPod, jobPods, jobs } from './jobs.ts';
import { jobOf, manifests, name, ofKind, pods } from './stack.ts';

describe('the Jobs in the manifests', () => {
  it('are all seven', () => {
    expect(new Set(jobPods.map(({ job }) => job))).toEqual(new Set(Object.keys(jobs)));
  });

  it.each(jobPods)('$title: its arguments and variables are all that it needs', async (pod) => {
    // The store refuses everything: an argument that does not parse ends as usage before it is asked.
    const refusing: Store = {
      ...memoryStore(),
      read: () => Promise.reject(new Error('read')),
      write: () => Promise.reject(new Error('write')),
    };
    const { status, stderr } = await runJob(jobs[pod.job]!(), refusing, {
      args: [...argsInPod(pod), '--timeout=1ms'],
      env: pod.env,
    });
    expect({ status, stderr }).not.toMatchObject({ status: exitStatus.usage });
  });

  it.each(jobPods)('$title: a permanent failure ends it at once', ({ owner, spec }) => {
    const { podFailurePolicy } = owner.spec.jobTemplate?.spec ?? owner.spec;
    const [rule] = podFailurePolicy.rules;
    expect(rule.action).toBe('FailJob');
    expect(rule.onExitCodes.containerName).toBe(spec.containers[0].name);
    const { usage, data, bug, forbidden, contradiction } = exitStatus;
    expect(rule.onExitCodes.values).toEqual([usage, data, bug, forbidden, contradiction]);
    expect(spec.restartPolicy).toBe('Never');
    expect(spec.containers[0].terminationMessagePolicy).toBe('FallbackToLogsOnError');
  });

  it.each(jobPods)('$title: it writes where it runs', ({ spec }) => {
    // With the version that the API server would add: server-side apply counts a field that it finds without.
    const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
    expect(spec.containers[0].env).toContainEqual({ name: 'NAMESPACE', valueFrom: { fieldRef } });
  });
});

describe('the CronJob', () => {
  const [cron] = ofKind('CronJob');

  it('runs daily, one run at a time, and makes up for one that was missed', () => {
    const { schedule, concurrencyPolicy, startingDeadlineSeconds, suspend } = cron!.spec;
    expect(schedule).toMatch(/^\d+ \d+ \* \* \*$/);
    expect({ concurrencyPolicy, suspend }).toEqual({ concurrencyPolicy: 'Forbid' });
    // Of two runs that are a day apart, one is always not too late.
    expect(startingDeadlineSeconds).toBeGreaterThan(86_400);
  });

  it('runs what its Job runs, in the same way', () => {
    const once = ofKind('Job').find(({ metadata }) => metadata.name === cron!.metadata.name)!;
    expect(cron!.spec.jobTemplate.spec).toEqual(once.spec);
  });
});

it('grants nobody anything in the whole cluster but the keys of its tokens', () => {
  const granted = ofKind('ClusterRoleBinding').map(({ roleRef, subjects }) => ({
    role: roleRef.name,
    subjects: subjects.map(({ name: subject }: { name: string }) => subject),
  }));
  expect(granted).toEqual([
    { role: 'system:service-account-issuer-discovery', subjects: ['system:unauthenticated'] },
  ]);
  expect(ofKind('ClusterRole')).toEqual([]);
});

/** Every key of a Secret or ConfigMap that a Pod mounts or reads as env. */
function referenced() {
  return pods.flatMap(({ owner, spec }) => {
    const namespace = owner.metadata.namespace ?? '';
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    const fromEnv = containers.flatMap(({ env = [] }) =>
      env.flatMap(
        ({ valueFrom }: { valueFrom?: Record<string, { name: string; key: string }> }) => [
          ...(valueFrom?.secretKeyRef ? [{ kind: 'Secret', ...valueFrom.secretKeyRef }] : []),
          ...(valueFrom?.configMapKeyRef
            ? [{ kind: 'ConfigMap', ...valueFrom.configMapKeyRef }]
            : []),
        ],
      ),
    );
    type Source = { name?: string; secretName?: string; items?: { key: string }[] };
    const fromVolume = (kind: string, source: Source | undefined) =>
      source === undefined
        ? []
        : (source.items ?? [{ key: '*' }]).map(({ key }) => ({
            kind,
            name: source.name ?? source.secretName ?? '',
            key,
          }));
    const fromVolumes = (spec.volumes ?? []).flatMap(
      (volume: { secret?: Source; configMap?: Source; projected?: { sources: never[] } }) => [
        ...fromVolume('Secret', volume.secret),
        ...fromVolume('ConfigMap', volume.configMap),
        ...(volume.projected?.sources ?? []).flatMap(
          (source: { secret?: Source; configMap?: Source }) => [
            ...fromVolume('Secret', source.secret),
            ...fromVolume('ConfigMap', source.configMap),
          ],
        ),
      ],
    );
    return (
      [...fromEnv, ...fromVolumes]
        // Kubernetes itself puts this one into every namespace.
        .filter((ref) => ref.kind !== 'ConfigMap' || ref.name !== 'kube-root-ca.crt')
        .map((ref) => ({ owner: name(owner), namespace, ...ref }))
    );
  });
}

describe('what Pods read', () => {
  const shipped = (kind: string, namespace: string, object: string) =>
    ofKind(kind).find(
      ({ metadata }) => metadata.name === object && metadata.namespace === namespace,
    );

  it.each(referenced())('$owner: $kind $name, $key has somebody who makes it', (ref) => {
    const manifest = shipped(ref.kind, ref.namespace, ref.name);
    const record = records.find(
      ({ kind, namespace, name }) =>
        kind === ref.kind && namespace === ref.namespace && name === ref.name,
    );
    const own = record && [...record.keys, ...(record.later ?? [])];
    const keys = own ?? Object.keys(manifest?.data ?? {});
    expect(record ?? manifest).toBeDefined();
    if (ref.key !== '*') expect(keys).toContain(ref.key);
  });

  it('ships no Secret, and no object that a Job makes: applying again must not overwrite it', () => {
    expect(ofKind('Secret')).toEqual([]);
    const made = ofKind('ConfigMap').filter(({ metadata }) =>
      records.some(
        ({ namespace, name }) => namespace === metadata.namespace && name === metadata.name,
      ),
    );
    expect(made).toEqual([]);
  });
});

describe('every Pod', () => {
  const all = pods.map(({ owner, spec }) => ({ title: name(owner), owner, spec }));

  it.each(all)('$title passes Pod Security restricted, with a read-only root', ({ spec }) => {
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      expect(container.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.requests).toMatchObject({
        cpu: expect.anything(),
        memory: expect.anything(),
      });
      // A namespace with a quota takes no Pod that lacks one of them.
      expect(container.resources.limits).toMatchObject({
        cpu: expect.anything(),
        memory: expect.anything(),
      });
    }
  });

  it.each(all)('$title has a token only if it is a Job of ours', ({ spec }) => {
    expect(spec.automountServiceAccountToken).toBe(jobOf(spec) !== undefined);
  });

  it('has no token for its service account alone, if somebody else starts it', () => {
    const accounts = ofKind('ServiceAccount');
    expect(accounts.length).toBeGreaterThan(0);
    expect(accounts.filter((one) => one.automountServiceAccountToken !== false)).toEqual([]);
  });

  it.each(all)('$title has no Secret on a command line, where others may read it', ({ spec }) => {
    // Rekor and Trillian show theirs over HTTP too, by Go's profiler, to everybody who reaches that port.
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      const { command = [], args = [], env = [] } = container;
      const secrets = env.filter(
        ({ valueFrom, value = '' }: { valueFrom?: { secretKeyRef?: object }; value?: string }) =>
          valueFrom?.secretKeyRef !== undefined || /\$\(\w+\)/.test(value),
      );
      const shown = secrets.filter(({ name }: { name: string }) =>
        [...command, ...args].some((word) => word.includes(`$(${name})`)),
      );
      expect(shown).toEqual([]);
    }
  });

  it.each(all)('$title takes nothing from its node', ({ spec }) => {
    const { hostNetwork, hostPID, hostIPC, hostUsers } = spec;
    expect({ hostNetwork, hostPID, hostIPC, hostUsers }).toEqual({});
    const kinds = (spec.volumes ?? []).flatMap(
      ({ name: _, ...source }: object & { name: string }) => Object.keys(source),
    );
    const harmless = ['configMap', 'emptyDir', 'projected', 'secret'];
    expect(kinds.filter((kind: string) => !harmless.includes(kind))).toEqual([]);
    for (const { ports = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
      expect(ports.filter((port: { hostPort?: number }) => port.hostPort !== undefined)).toEqual(
        [],
      );
    }
  });

  it.each(all)('$title names its images by digest, or is ours', ({ spec }) => {
    for (const { image } of [...(spec.initContainers ?? []), ...spec.containers]) {
      expect(image).toMatch(/^ghcr\.io\/sigstand\/[a-z]+:0\.1\.0$|:[^@]+@sha256:[0-9a-f]{64}$/);
    }
  });

  it.each(all.filter(({ owner }) => /Deployment|StatefulSet/.test(owner.kind)))(
    '$title has probes',
    ({ spec }) => {
      expect(spec.containers[0].readinessProbe ?? spec.containers[0].startupProbe).toBeDefined();
      expect(spec.containers[0].livenessProbe).toBeDefined();
    },
  );
});

describe('a server that ends', () => {
  const servers = pods.filter(({ owner }) => owner.kind === 'Deployment');
  const [[signer] = [], others] = [true, false].map((signs) =>
    servers.filter(({ owner }) => (owner.metadata.name === 'log-signer') === signs),
  );

  it.each(others!.map(({ owner, spec }) => ({ title: name(owner), spec })))(
    '$title goes on while it is taken out of its Service',
    ({ spec }) => {
      expect(spec.containers[0].lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
      expect(spec.terminationGracePeriodSeconds).toBeUndefined();
    },
  );

  it('is asked no more: createtree alone asks by an address that is there before the server is ready', () => {
    const early = ofKind('Service').filter(({ spec }) => spec.publishNotReadyAddresses);
    const names = early.map(({ metadata }) => metadata.name).sort();
    expect(names).toEqual(['log-server-admin', 'mysql-trillian']);
    const askers = pods.filter(({ spec }) => JSON.stringify(spec).includes('log-server-admin'));
    expect(askers.map(({ spec }) => jobOf(spec)?.job)).toEqual(['createtree', 'createtree']);
  });

  it('lets its successor sign at once, where there is one at a time', () => {
    expect(signer?.spec.terminationGracePeriodSeconds).toBe(1);
  });
});

describe('Fulcio', () => {
  it('rolls with its configuration, which it reads at its start: the checksum in its Pods is that of the ConfigMap', () => {
    const [config] = ofKind('ConfigMap').filter(
      ({ metadata }) => metadata.name === 'fulcio-config',
    );
    const [fulcio] = ofKind('Deployment').filter(({ metadata }) => metadata.name === 'fulcio');
    const digest = createHash('sha256').update(config!.data['config.yaml']).digest('hex');
    const { annotations } = fulcio!.spec.template.metadata;
    expect(annotations['sigstand.dev/config-checksum']).toBe(digest);
  });
});

describe('a Job that reads a ConfigMap of the manifests', () => {
  it.each([
    ['createtuf', 'tuf-system', 'createtuf-settings'],
    ['createsecret', 'rekor-system', 'rekor-settings'],
  ])(
    'is another one with other settings, and so runs again: %s in %s',
    (job, namespace, config) => {
      const of = (kind: string, object: string) =>
        ofKind(kind).find(
          ({ metadata }) => metadata.namespace === namespace && metadata.name === object,
        )!;
      const settings = Object.entries(of('ConfigMap', config).data).sort(([a], [b]) =>
        a < b ? -1 : 1,
      );
      const digest = createHash('sha256').update(JSON.stringify(Object.fromEntries(settings)));
      const { annotations } = of('Job', job).spec.template.metadata;
      expect(annotations).toEqual({ 'sigstand.dev/config-checksum': digest.digest('hex') });
    },
  );
});

describe('the whole cluster', () => {
  it('gets one right from us: anybody may read the public keys of service account tokens', () => {
    expect(ofKind('ClusterRole')).toEqual([]);
    const bindings = ofKind('ClusterRoleBinding');
    expect(bindings).toHaveLength(1);
    const { roleRef, subjects } = bindings[0]!;
    const name = 'system:service-account-issuer-discovery';
    expect(roleRef).toEqual({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name });
    expect(subjects).toMatchObject([{ kind: 'Group', name: 'system:unauthenticated' }]);
  });
});

describe('every object', () => {
  it('has a stage, and Pods with a late input the last one', () => {
    const stages = manifests.map((object) => ({
      object: name(object),
      stage: object.metadata.labels?.['sigstand.dev/stage'],
    }));
    expect(stages.filter(({ stage }) => !/^[123]$/.test(stage ?? ''))).toEqual([]);
  });

  it('lives in a namespace that enforces restricted, and warns and notes it', () => {
    const namespaces = ofKind('Namespace');
    expect(namespaces.map(({ metadata }) => metadata.name).sort()).toEqual(
      [...new Set(records.map(({ namespace }) => namespace))].sort(),
    );
    for (const { metadata } of namespaces) {
      for (const mode of ['enforce', 'audit', 'warn']) {
        expect(metadata.labels?.[`pod-security.kubernetes.io/${mode}`]).toBe('restricted');
      }
    }
  });
});

describe("the CLI's page", () => {
  it('says of how many objects up and down tell', () => {
    const page = readFileSync(join(import.meta.dirname, '../packages/sigstand/README.md'), 'utf8');
    const all = manifests.length;
    expect(page).toContain(`all ${all} objects applied`);
    expect(page).toContain(`Of ${all} objects: ${all} created.`);
    const gone = all - ofKind('Namespace').length;
    expect(page.replaceAll('\n', ' ')).toContain(
      `Of the ${all} objects of the manifests ${gone} go`,
    );
  });
});
