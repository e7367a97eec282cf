import { CoordinationV1Api, RbacAuthorizationV1Api, V1MicroTime } from '@kubernetes/client-node';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { apisAt, labels, smallStack } from './small-stack.ts';

/* sigstand down after sigstand up on a real kube-apiserver. There are no controllers: a test does in their place what
   the garbage collector and the controller of namespaces do at the end. */

const kubeconfig = inject('kubeconfig');
const { config, core, batch, apps } = apisAt(kubeconfig);
const stack = smallStack('down', () => kubeconfig);
const { meta, pod, write, sigstand } = stack;
const rbac = config.makeApiClient(RbacAuthorizationV1Api);

/** What up waits for nobody to run. */
const objects = () => [
  ...stack.base(),
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: meta('maker'), rules: [] },
  {
    ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: meta('maker') },
    spec: {
      schedule: '0 0 * * *',
      jobTemplate: { spec: { template: pod('a:1', { restartPolicy: 'Never' }) } },
    },
  },
];
const deployment = () => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta('tuf') },
  spec: { selector: { matchLabels: { app: 'tuf' } }, template: pod('a:1') },
});

let ns = '';
beforeEach(async () => {
  ns = stack.ns;
  await write(objects());
  expect((await sigstand('up')).stdout).toContain('all 5 objects applied');
  await write([...objects(), deployment()]);
  await apps.createNamespacedDeployment({ namespace: ns, body: deployment() });
  await record('keys', labels);
});

const record = (name: string, its?: Record<string, string>) =>
  core.createNamespacedSecret({
    namespace: ns,
    body: { metadata: { name, ...(its && { labels: its }) }, stringData: { key: 'v' } },
  });

/** What the garbage collector and the controller of namespaces do, as long as `running` takes. */
async function collecting<T>(running: Promise<T>): Promise<T> {
  let done = false;
  const collecting = (async () => {
    while (!done) {
      await collect().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  })();
  try {
    return await running;
  } finally {
    done = true;
    await collecting;
  }
}

async function collect() {
  const all = { namespace: ns };
  const schedules = (await batch.listNamespacedCronJob(all)).items;
  for (const body of schedules.filter(isGoing)) {
    const name = body.metadata?.name ?? '';
    await batch.replaceNamespacedCronJob({ namespace: ns, name, body: letGo(body) });
  }
  const servers = (await apps.listNamespacedDeployment(all)).items;
  for (const body of servers.filter(isGoing)) {
    const name = body.metadata?.name ?? '';
    await apps.replaceNamespacedDeployment({ namespace: ns, name, body: letGo(body) });
  }
  const body = await core.readNamespace({ name: ns });
  if (!isGoing(body) || schedules.length + servers.length > 0) return;
  await core.deleteCollectionNamespacedSecret(all);
  await core.replaceNamespaceFinalize({ name: ns, body: { ...body, spec: { finalizers: [] } } });
}

interface Going {
  metadata?: { deletionTimestamp?: Date; finalizers?: string[] };
}
const isGoing = ({ metadata }: Going) => metadata?.deletionTimestamp !== undefined;
const letGo = <T extends Going>(body: T): T => ({
  ...body,
  metadata: { ...body.metadata, finalizers: [] },
});

const down = (...args: string[]) => collecting(sigstand('down', ...args));

/** What is there of the stack, by name. */
async function there() {
  const all = { namespace: ns };
  const lists = await Promise.all([
    batch.listNamespacedCronJob(all),
    apps.listNamespacedDeployment(all),
    core.listNamespacedService(all),
    rbac.listNamespacedRole(all),
    core.listNamespacedConfigMap(all),
    core.listNamespacedSecret(all),
  ]);
  return lists.flatMap(({ kind = '', items }) =>
    items.map((one) => `${kind.replace(/List$/, '')} ${one.metadata?.name}`),
  );
}
const whole = () => [
  ...['CronJob maker', 'Deployment tuf', 'Service tuf', 'Role maker'],
  ...['ConfigMap settings', 'Secret keys'],
];
const isThere = () =>
  core.readNamespace({ name: ns }).then(
    () => true,
    () => false,
  );

describe('sigstand down', () => {
  it('says what would go, then takes it away, and keeps what the Jobs wrote', async () => {
    const dry = await sigstand('down', '--dry-run');
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(dry.stdout).toContain(`It would keep:\n  Namespace ${ns}\n  Secret ${ns}/keys\n`);
    expect(await there()).toEqual(whole());

    const first = await down();
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toMatch(/^ {2}✔ schedules: 1 gone .*\n {2}✔ workloads: 1 gone /);
    expect(first.stdout).toContain(
      'Removed 5 objects. Kept for the next sigstand up: 1 Namespace, 1 Secret.\n',
    );
    expect(await there()).toEqual(['Secret keys']);

    const { status, stdout } = await down();
    expect(status).toBe(0);
    expect(stdout).toBe(
      'Nothing to do: the stack is down. Kept for the next sigstand up: 1 Namespace, 1 Secret.\n',
    );
    await write(objects());
    expect((await sigstand('up')).stdout).toContain('all 5 objects applied');
    expect((await core.readNamespacedSecret({ namespace: ns, name: 'keys' })).data).toEqual({
      key: 'dg==',
    });
  });

  it('leaves what others have under the same name, and says so', async () => {
    const other = { ...labels, 'app.kubernetes.io/instance': 'other' };
    for (const [name, body] of [
      ['tuf', { metadata: { labels: null } }],
      ['settings', { metadata: { labels: other } }],
    ] as const) {
      const patch = Object.entries(body.metadata).map(([key, value]) => ({
        ...{ op: 'replace', path: `/metadata/${key}`, value: value ?? {} },
      }));
      const to = { namespace: ns, name, body: patch };
      if (name === 'tuf') await core.patchNamespacedService(to);
      else await core.patchNamespacedConfigMap(to);
    }
    const { status, stdout, stderr } = await down('--json');
    expect(await there()).toEqual(['Service tuf', 'ConfigMap settings', 'Secret keys']);
    expect(status).toBe(78);
    expect(stderr).toContain(
      `not of this stack, and left alone: ConfigMap ${ns}/settings, Service ${ns}/tuf; `,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      removed: [`CronJob ${ns}/maker`, `Deployment ${ns}/tuf`, `Role ${ns}/maker`],
      kept: [`Namespace ${ns}`, `Secret ${ns}/keys`],
    });
  });

  it('deletes the namespace with the keys where it is told to, unless others have something there', async () => {
    await record('theirs');
    const refused = await down('--delete-keys');
    expect(refused.status).toBe(78);
    expect(refused.stderr).toContain(
      `Namespace ${ns} holds Secret ${ns}/theirs, not of this stack; nothing was changed`,
    );
    expect(await there()).toEqual([...whole(), 'Secret theirs']);

    await core.deleteNamespacedSecret({ namespace: ns, name: 'theirs' });
    const dry = await sigstand('down', '--delete-keys', '--dry-run');
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(dry.stdout).toContain(`  Namespace ${ns}\nLost for good:\n  Secret ${ns}/keys\n`);
    expect(await there()).toEqual(whole());
    const { status, stderr, stdout } = await down('--delete-keys');
    expect(stderr).toContain('this deletes the keys and the log for good: 1 Secret; only a backup');
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\nRemoved 6 objects\.\n$/),
    });
    expect(await isThere()).toBe(false);
    expect(await down('--delete-keys')).toMatchObject({
      ...{ status: 0, stdout: 'Nothing to do: the stack is down.\n', stderr: '' },
    });
  });

  it('names what holds an object when the time is over, and goes on the next time', async () => {
    const late = await sigstand('down', '--timeout=1s');
    expect(late.status).toBe(69);
    expect(late.stderr).toContain(
      `not gone in time: CronJob ${ns}/maker (its Jobs are not gone yet); `,
    );
    expect(await there()).toEqual(whole());
    expect(await down()).toMatchObject({ status: 0, stderr: '' });
    expect(await there()).toEqual(['Secret keys']);
  });

  it('goes on where a run was killed while the namespace with the lease went', async () => {
    await core.deleteNamespace({ name: ns });
    const { status, stdout } = await down('--delete-keys');
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Removed/),
    });
    expect([await there(), await isThere()]).toEqual([[], false]);
  });

  it('does not begin beside another operator', async () => {
    const lease = { namespace: ns, name: 'sigstand' };
    const leases = config.makeApiClient(CoordinationV1Api);
    const body = await leases.readNamespacedLease(lease);
    body.spec = { ...body.spec, holderIdentity: 'them', renewTime: new V1MicroTime() };
    await leases.replaceNamespacedLease({ ...lease, body });
    const { status, stderr } = await down();
    expect(status).toBe(75);
    expect(stderr).toContain(`Lease ${ns}/sigstand is held by them`);
    expect(await there()).toEqual(whole());
    expect(await down('--take-over')).toMatchObject({ status: 0 });
  });

  it('refuses to delete a set that takes its volumes with it', async () => {
    const set = {
      ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: meta('db') },
      spec: {
        ...{ serviceName: 'db', selector: { matchLabels: { app: 'tuf' } } },
        template: pod('a:1'),
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
      },
    };
    await apps.createNamespacedStatefulSet({ namespace: ns, body: set });
    await write([...objects(), deployment(), set]);
    const { status, stderr } = await down();
    expect(status).toBe(78);
    expect(stderr).toContain(`StatefulSet ${ns}/db takes its volumes with it; nothing was changed`);
    expect(await there()).toEqual(whole());
  });
});
