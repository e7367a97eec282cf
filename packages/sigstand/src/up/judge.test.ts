import { describe, expect, it } from 'vitest';
import { judged, type Seen } from './judge.ts';
import type { KubeObject } from './objects.ts';
import type { Pod } from './pods.ts';

/* What stands in the way, by objects written by hand after what a kubelet, a scheduler and controllers of Kubernetes 1.35 say. */

const meta = (name: string, more: object = {}) => ({
  ...{ namespace: 'rekor-system', name, uid: `uid-${name}`, generation: 1 },
  ...more,
});
const image = 'ghcr.io/sigstore/rekor/rekor-server:v1.5.4';
const spec = { replicas: 1, template: { spec: { containers: [{ name: 'rekor', image }] } } };
const rekor: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: meta('rekor'),
  spec,
};
const job: KubeObject = { apiVersion: 'batch/v1', kind: 'Job', metadata: meta('createtree') };
const mysql: KubeObject = { ...rekor, kind: 'StatefulSet', metadata: meta('mysql-trillian') };

const podOf = (owner: KubeObject, status: NonNullable<Pod['status']>, more: object = {}): Pod => ({
  ...{ apiVersion: 'v1', kind: 'Pod', status },
  metadata: meta(`${owner.metadata.name}-x`, {
    ownerReferences: [
      owner.kind === 'Deployment'
        ? { kind: 'ReplicaSet', name: `${owner.metadata.name}-58c8f99c46` }
        : { kind: owner.kind, name: owner.metadata.name },
    ],
  }),
  ...more,
});
const waits = (reason: string, message: string, of = image) => ({
  containerStatuses: [{ name: 'rekor', image: of, state: { waiting: { reason, message } } }],
});

function judge(object: KubeObject, seen: Partial<Seen> & { status?: object } = {}) {
  const { status = {}, ...more } = seen;
  const key = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
  const workloads = new Map([[key, { ...object, status }]]);
  return judged([object], { workloads, pods: [], claims: [], events: [], ...more });
}

const condition = (type: string, message = '', status = 'True') => ({
  conditions: [{ type, status, message }],
});

describe('what has done its work', () => {
  const title = 'Job rekor-system/createtree';
  const ended = (...codes: readonly (number | undefined)[]) => {
    const state = (exitCode: number | undefined) =>
      exitCode === undefined ? { running: {} } : { terminated: { exitCode } };
    const containerStatuses = codes.map((code) => ({ name: 'x', image, state: state(code) }));
    return podOf(job, { phase: 'Running', containerStatuses });
  };
  const owned = (pod: Pod, uid: string | undefined): Pod => {
    const ownerReferences = [{ kind: 'Job', name: 'createtree', uid }];
    return { ...pod, metadata: { ...pod.metadata, ownerReferences } } as Pod;
  };
  const workedOf = (...pods: Pod[]) => judge(job, { pods }).worked;

  it('is a Job whose Pod has ended well, before it is Complete', () => {
    const found = judge(job, { pods: [owned(ended(0), job.metadata.uid)] });
    expect(found).toEqual({ done: [], worked: [title], blocks: [] });
    expect(judge(job, { status: condition('Complete') }).worked).toEqual([title]);
  });

  it('is no Job whose Pod still runs, has failed, or is of a Job of before', () => {
    const { uid } = job.metadata;
    expect(workedOf(owned(ended(), uid))).toEqual([]);
    expect(workedOf(owned(ended(undefined), uid))).toEqual([]);
    expect(workedOf(owned(ended(0, undefined), uid))).toEqual([]);
    expect(workedOf(owned(ended(75), uid))).toEqual([]);
    expect(workedOf(owned(ended(0), 'of before'))).toEqual([]);
    expect(workedOf(owned(ended(75), uid), owned(ended(0), uid))).toEqual([title]);
  });

  it('is no server whose container has ended', () => {
    const pod = podOf(rekor, { containerStatuses: ended(0).status?.containerStatuses ?? [] });
    expect(judge(rekor, { pods: [owned(pod, rekor.metadata.uid)] }).worked).toEqual([]);
  });
});

describe('what is done', () => {
  const rolledOut = {
    observedGeneration: 1,
    replicas: 1,
    updatedReplicas: 1,
    availableReplicas: 1,
  };

  it('is a Job that is complete, and a Deployment that is rolled out', () => {
    expect(judge(job, { status: condition('Complete') }).done).toEqual([
      'Job rekor-system/createtree',
    ]);
    expect(judge(rekor, { status: rolledOut }).done).toEqual(['Deployment rekor-system/rekor']);
    expect(judge(rekor, { status: { ...rolledOut, updatedReplicas: 0 } }).done).toEqual([]);
  });

  it('is a StatefulSet whose Pods are ready, and of one version', () => {
    const status = { ...{ observedGeneration: 1, readyReplicas: 1 }, currentRevision: 'a' };
    expect(judge(mysql, { status: { ...status, updateRevision: 'a' } }).done).toHaveLength(1);
    expect(judge(mysql, { status: { ...status, updateRevision: 'b' } }).done).toEqual([]);
  });

  it('is nothing that was made anew, or changed, since it was seen', () => {
    const workloads = new Map([
      ['Job rekor-system/createtree', { ...job, status: condition('Complete') }],
    ]);
    const seen = { workloads, pods: [], claims: [], events: [] };
    const anew = { ...job, metadata: meta('createtree', { uid: 'another' }) };
    const changed = { ...job, metadata: meta('createtree', { generation: 2 }) };
    expect(judged([anew], seen)).toEqual({ done: [], worked: [], blocks: [] });
    expect(judged([changed], seen)).toEqual({ done: [], worked: [], blocks: [] });
  });
});

describe('an image that cannot be pulled', () => {
  const prefix = `Back-off pulling image "${image}": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": `;

  it('ends it where no second try helps, with the reason alone', () => {
    const pods = [podOf(rekor, waits('ImagePullBackOff', `${prefix}${image}: not found`))];
    const [block] = judge(rekor, { pods }).blocks;
    expect(block).toMatchObject({ hopeless: true, kind: 'data' });
    expect(block?.says).toBe(
      `the image ${image} cannot be pulled: ${image}: not found (ImagePullBackOff)`,
    );
  });

  it.each([
    ['whose name is none', 'InvalidImageName', 'invalid reference format'],
    ['that is refused', 'ErrImagePull', 'pull access denied, it may require authorization'],
  ])('%s is waited for by nobody', (_what, reason, message) => {
    const [block] = judge(rekor, { pods: [podOf(rekor, waits(reason, message))] }).blocks;
    expect(block).toMatchObject({ hopeless: true, kind: 'data' });
    expect(block?.says).toBe(`the image ${image} cannot be pulled: ${message} (${reason})`);
  });

  it.each(['ContainerCreating', 'PodInitializing', 'ImagePullBackOff'])(
    'is nothing where %s alone is known',
    (reason) => {
      const message = `Back-off pulling image "${image}"`;
      expect(judge(rekor, { pods: [podOf(rekor, waits(reason, message))] }).blocks).toEqual([]);
    },
  );

  it('is told, and waited for, where the way there may be mended', () => {
    const why = 'dial udp 10.255.255.53:53: connect: network is unreachable';
    const pods = [podOf(rekor, waits('ErrImagePull', why))];
    expect(judge(rekor, { pods }).blocks).toMatchObject([{ hopeless: false, kind: 'unavailable' }]);
  });

  it('is nothing where only a Pod of an earlier version has it', () => {
    const pods = [podOf(rekor, waits('ErrImagePull', 'not found', 'old:1'))];
    expect(judge(rekor, { pods }).blocks).toEqual([]);
  });

  it('is told with the way out where a StatefulSet waits for a Pod of an earlier version', () => {
    const pods = [podOf(mysql, waits('ErrImagePull', 'not found', 'old:1'))];
    expect(judge(mysql, { pods }).blocks).toMatchObject([
      {
        hopeless: true,
        todo: expect.stringContaining('kubectl delete pod -n rekor-system mysql-trillian-x'),
      },
    ]);
  });
});

describe('a Job', () => {
  const ended = (exitCode: number, message: string) => ({
    phase: 'Failed',
    containerStatuses: [
      { name: 'createtree', image, state: { terminated: { exitCode, message } } },
    ],
  });
  const said = 'createtree: error: TreeID is of no tree; restore the database\n';

  it('that has failed ends it with the status of its Pod, and its last words', () => {
    const pods = [podOf(job, ended(78, said))];
    expect(judge(job, { status: condition('Failed'), pods }).blocks).toEqual([
      expect.objectContaining({
        ...{ hopeless: true, kind: 'contradiction', todo: 'restore the database' },
        says: 'it failed: TreeID is of no tree',
      }),
    ]);
  });

  it('has its own words told, and not those of whom it waited for', () => {
    const silent =
      'UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED';
    const waited = `createtree: waiting for Trillian at log-server:80 (${silent})\n`;
    const json = (message: string) => `${JSON.stringify({ job: 'createtree', message })}\n`;
    const structured = json('waiting') + json('error: TreeID is of no tree; restore the database');
    for (const message of [waited + said, `${waited}createtree: error: x; y\n${said}`, structured])
      expect(
        judge(job, { status: condition('Failed'), pods: [podOf(job, ended(78, message))] }).blocks,
      ).toMatchObject([{ says: 'it failed: TreeID is of no tree', todo: 'restore the database' }]);
    const pods = [podOf(job, ended(75, waited))];
    expect(judge(job, { pods }).blocks).toMatchObject([
      { says: `its container createtree ended with 75: ${waited.trim()}` },
    ]);
  });

  it('that is tried again is told of', () => {
    const pods = [podOf(job, ended(69, 'createtree: error: no answer; look at log-server\n'))];
    expect(judge(job, { pods }).blocks).toMatchObject([
      { hopeless: false, says: 'its container createtree ended with 69: no answer' },
    ]);
  });

  it('for which no Pod may be made is told with the rule', () => {
    const event = (message: string) => ({
      ...{ reason: 'FailedCreate', message, involvedObject: { uid: 'uid-createtree' } },
    });
    const quota =
      'Error creating: pods "createtree-x" is forbidden: exceeded quota: small, requested: pods=1';
    expect(judge(job, { events: [event(quota)] }).blocks).toMatchObject([
      { kind: 'data', hopeless: false, says: expect.stringContaining('exceeded quota: small') },
    ]);
    const security =
      'Error creating: pods "createtree-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true';
    expect(judge(job, { events: [event(security)] }).blocks).toMatchObject([
      { kind: 'data', hopeless: true },
    ]);
    const webhook = 'Error creating: admission webhook "policy.example" denied the request: no';
    expect(judge(job, { events: [event(webhook)] }).blocks).toMatchObject([
      { kind: 'data', hopeless: true },
    ]);
  });

  it.each([
    'Error creating: ',
    'Create Pod db-0 in StatefulSet db failed error: ',
    'create Pod db-0 in StatefulSet db failed error: ',
    'create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: ',
  ])('for which no Pod may be made is told without what was tried: %s', (tried) => {
    const message = `${tried}pods "x" is forbidden: exceeded quota: small`;
    const event = { reason: 'FailedCreate', message, involvedObject: { uid: 'uid-createtree' } };
    expect(judge(job, { events: [event] }).blocks).toMatchObject([
      { says: 'no Pod of it is made: pods "x" is forbidden: exceeded quota: small' },
    ]);
  });

  it('whose first Pod was refused is not blocked once it has one', () => {
    const events = [
      { reason: 'FailedCreate', message: 'x', involvedObject: { uid: 'uid-createtree' } },
    ];
    expect(judge(job, { events, pods: [podOf(job, { phase: 'Running' })] }).blocks).toEqual([]);
  });
});

describe('a server', () => {
  it('that ends again and again is told with its last line', () => {
    const containerStatuses = [
      {
        ...{ name: 'rekor', image, state: { waiting: { reason: 'CrashLoopBackOff' } } },
        lastState: { terminated: { exitCode: 1, message: 'starting\npanic: no database\n' } },
      },
    ];
    const { blocks } = judge(rekor, { pods: [podOf(rekor, { containerStatuses })] });
    expect(blocks).toMatchObject([
      { says: 'its container rekor ended with 1: panic: no database' },
    ]);
  });

  it('for which a quota leaves no Pod is told by its own condition', () => {
    const status = condition(
      'ReplicaFailure',
      'pods "rekor-1" is forbidden: exceeded quota: small',
    );
    expect(judge(rekor, { status }).blocks).toMatchObject([
      { reason: 'FailedCreate', kind: 'data' },
    ]);
  });

  it('that no node takes is told; a volume that is about to be bound is not at once', () => {
    const of = (message: string) => ({
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
    });
    const full = '0/1 nodes are available: 1 Insufficient cpu.';
    expect(judge(rekor, { pods: [podOf(rekor, of(full))] }).blocks).toMatchObject([
      { hopeless: false, says: `no node takes its Pod: ${full}` },
    ]);
    const tainted = '0/1 nodes are available: 1 node(s) had untolerated taint(s).';
    expect(judge(rekor, { pods: [podOf(rekor, of(tainted))] }).blocks).toMatchObject([
      { says: `no node takes its Pod: ${tainted}`, todo: expect.stringContaining('tolerate it') },
    ]);
    const binding = '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.';
    const volumes = [{ persistentVolumeClaim: { claimName: 'data-mysql' } }];
    const pods = [podOf(mysql, of(binding), { spec: { volumes } })];
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: meta('data-mysql'),
      spec: { storageClassName: 'slow' },
      status: { phase: 'Pending' },
    };
    expect(judge(mysql, { pods, claims: [claim] }).blocks).toMatchObject([
      {
        hopeless: false,
        quiet: 10_000,
        says: expect.stringContaining('StorageClass slow has given'),
      },
    ]);
    const message = 'no persistent volumes available for this claim and no storage class is set';
    const events = [
      { reason: 'FailedBinding', message, involvedObject: { uid: 'uid-data-mysql' } },
    ];
    expect(judge(mysql, { pods, claims: [claim], events }).blocks).toMatchObject([
      {
        hopeless: true,
        kind: 'data',
        says: expect.stringContaining('PersistentVolumeClaim rekor-system/data-mysql'),
      },
    ]);
  });

  it.each([
    [
      'FailedBinding',
      'Normal',
      'no persistent volumes available for this claim and no storage class is set',
      { hopeless: true, kind: 'data' },
    ],
    [
      'ProvisioningFailed',
      'Warning',
      'storageclass.storage.k8s.io "nobody" not found',
      { hopeless: true, kind: 'data' },
    ],
    [
      'ExternalProvisioning',
      'Normal',
      "Waiting for a volume to be created either by the external provisioner 'example.com/nobody'",
      { hopeless: false, quiet: 10_000 },
    ],
  ] as const)('whose volume is not bound is told why: %s', (reason, type, message, verdict) => {
    const claim = {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('data-mysql') },
      status: { phase: 'Pending' },
    };
    const involvedObject = { uid: 'uid-data-mysql' };
    const first = {
      type: 'Normal',
      reason: 'WaitForFirstConsumer',
      message: 'waiting',
      involvedObject,
    };
    const events = [{ type, reason, message, involvedObject }, first];
    const spec = { volumes: [{ persistentVolumeClaim: { claimName: 'data-mysql' } }] };
    // The scheduler says nothing of a Pod whose volume is made for it.
    const pods = [podOf(mysql, { phase: 'Pending' }, { spec })];
    expect(judge(mysql, { pods, claims: [claim], events }).blocks).toEqual([
      expect.objectContaining({ ...verdict, says: expect.stringContaining(message) }),
    ]);
  });
});
