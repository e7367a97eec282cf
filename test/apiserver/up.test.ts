import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { cli } from '../../packages/sigstand/src/testing.ts';
import { run } from '../cluster/rig.ts';
import { type Packed, packed } from '../packed.ts';
import { binary } from '../programs/binaries.ts';
import { asUser } from '../programs/identity.ts';
import { accountToken } from './account.ts';
import { apisAt, labels, smallStack } from './small-stack.ts';

/* sigstand up on a real kube-apiserver. There are no controllers and no kubelet: a test says in their place what became
   of Jobs, Pods and servers. Without a web server the look at the end finds nobody, which is 69. */

const kubeconfig = inject('kubeconfig');
const { config, core, batch, apps } = apisAt(kubeconfig);
const stack = smallStack('up', () => kubeconfig);
const { meta, pod, write } = stack;

const objects = (image = 'a:1') => [
  ...stack.base(),
  {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: meta('maker') },
    spec: { template: pod(image, { restartPolicy: 'Never' }) },
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta('tuf') },
    spec: {
      selector: { matchLabels: { app: 'tuf' } },
      template: pod('b:1', { volumes: [{ name: 'keys', secret: { secretName: 'keys' } }] }),
    },
  },
];
const up = (...args: string[]) => stack.sigstand('up', ...args);

let ns = '';
beforeEach(async () => {
  ns = stack.ns;
  await write(objects());
  // What Kubernetes makes in each namespace, when it has controllers.
  await core.createNamespace({ body: { metadata: { name: ns, labels } } });
  await core.createNamespacedConfigMap({
    namespace: ns,
    body: { metadata: { name: 'kube-root-ca.crt' } },
  });
  await core.createNamespacedServiceAccount({
    namespace: ns,
    body: { metadata: { name: 'default' } },
  });
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not come');
}

const maker = () => batch.readNamespacedJob({ namespace: ns, name: 'maker' });
const server = () => apps.readNamespacedDeployment({ namespace: ns, name: 'tuf' });
const secret = () =>
  core.createNamespacedSecret({ namespace: ns, body: { metadata: { name: 'keys', labels } } });

async function jobEnds(type: 'Complete' | 'Failed') {
  const body = await until(maker);
  const now = new Date();
  const before = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  body.status = {
    ...{ startTime: now, ...(type === 'Complete' ? { completionTime: now, succeeded: 1 } : {}) },
    ...{ uncountedTerminatedPods: {}, ready: 0, terminating: 0 },
    conditions: [before, type].map((one) => ({
      ...{ type: one, status: 'True', lastTransitionTime: now, lastProbeTime: now },
    })),
  };
  await batch.replaceNamespacedJobStatus({ namespace: ns, name: 'maker', body });
}

async function serverIsReady() {
  const body = await until(server);
  const { generation = 1 } = body.metadata ?? {};
  body.status = {
    ...{ observedGeneration: generation, replicas: 1, updatedReplicas: 1 },
    ...{ readyReplicas: 1, availableReplicas: 1 },
  };
  await apps.replaceNamespacedDeploymentStatus({ namespace: ns, name: 'tuf', body });
}

/** A whole bring-up. */
async function raised(...args: string[]) {
  const running = up(...args);
  await jobEnds('Complete');
  await secret();
  await serverIsReady();
  return running;
}

/** What the garbage collector does, once an old Job's Pods are gone. */
async function letGo(uid: string | undefined) {
  await until(async () => {
    const body = await maker();
    if (body.metadata?.uid !== uid || !body.metadata?.deletionTimestamp) return undefined;
    body.metadata.finalizers = [];
    return batch.replaceNamespacedJob({ namespace: ns, name: 'maker', body });
  });
}

describe('sigstand up', () => {
  it('applies a server once its keys are there, and looks at the stack when all is done', async () => {
    const running = up();
    await jobEnds('Complete');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(server()).rejects.toMatchObject({ code: 404 });
    await secret();
    await serverIsReady();
    const { status, stdout, stderr } = await running;
    expect(stdout).toMatch(/✔ Job up-\d+\/maker +\d+\.\d s/);
    expect(stdout).toMatch(/✔ Deployment up-\d+\/tuf +\d+\.\d s/);
    expect(stdout).toMatch(/✔ all 5 objects applied +\d+\.\d s/);
    expect(stdout).toMatch(/^FAIL +tuf-mirror/m);
    expect({ status, stderr }).toMatchObject({
      status: 69,
      stderr: expect.stringContaining('checks fail: tuf-mirror'),
    });
  });

  /** A Pod of its server, which no kubelet runs: it is what a test says. */
  async function podIs(ready: 'True' | 'False') {
    const where = { namespace: ns, name: 'tuf-0' };
    const body = { metadata: { name: 'tuf-0', labels: { app: 'tuf' } }, spec: pod('b:1').spec };
    const found = await core
      .createNamespacedPod({ namespace: ns, body })
      .catch(() => core.readNamespacedPod(where));
    found.status = { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] };
    await core.replaceNamespacedPodStatus({ ...where, body: found });
  }

  it('waits, for as long as it has patience, for a Pod of a server that was said to be ready', async () => {
    await podIs('False');
    const began = Date.now();
    const { status, stdout } = await raised('--patience=3s', '--json');
    expect(Date.now() - began).toBeGreaterThan(3_000);
    const [mirror] = JSON.parse(stdout).status.checks;
    const says = `Service ${ns}/tuf has no Pod that is ready`;
    expect({ status, mirror }).toMatchObject({
      status: 69,
      mirror: { says, reason: 'noReadyPod' },
    });
  });

  it('looks again once that Pod is ready', async () => {
    await podIs('False');
    const running = raised('--patience=20s', '--json');
    await until(async () => ((await server()).status?.readyReplicas ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await podIs('True');
    const { status, stdout } = await running;
    const [mirror] = JSON.parse(stdout).status.checks;
    // It is connected to, but for a kubelet.
    expect(mirror).toMatchObject({ check: 'tuf-mirror', outcome: 'fail' });
    expect(mirror).not.toHaveProperty('reason');
    expect({ status, says: mirror.says }).toMatchObject({ says: expect.stringContaining('tuf-0') });
  });

  it('finds a key that nobody has labelled', async () => {
    const running = up();
    await jobEnds('Complete');
    await core.createNamespacedSecret({ namespace: ns, body: { metadata: { name: 'keys' } } });
    await serverIsReady();
    expect((await running).stdout).toContain('all 5 objects applied');
  });

  it('changes nothing the second time, and says so', async () => {
    // All but the namespace, which was there as it should be.
    expect(JSON.parse((await raised('--json')).stdout).changed).toHaveLength(4);
    const versions = async () =>
      [await maker(), await server()].map(({ metadata }) => metadata?.resourceVersion);
    const before = await versions();
    const { stdout } = await up('--json');
    expect(JSON.parse(stdout).changed).toEqual([]);
    expect(await versions()).toEqual(before);
  });

  it('says that nothing was changed where kubectl has applied the same', async () => {
    await kubectlApplies();
    expect(JSON.parse((await raised('--json')).stdout).changed).toEqual([]);
  });

  it('says what was changed where kubectl has applied something else', async () => {
    const theirs: Readonly<Record<string, object>> = {
      ConfigMap: { data: { key: 'another' } },
      Service: { spec: { ports: [{ port: 80 }] } },
    };
    await write(objects().map((one) => ({ ...one, ...theirs[one.kind] })));
    await kubectlApplies();
    await write(objects());
    const { stdout } = await raised('--json', '--force-conflicts');
    // In the order in which the API server answers.
    expect(new Set(JSON.parse(stdout).changed)).toEqual(
      new Set([
        { object: `ConfigMap ${ns}/settings`, outcome: 'changed' },
        { object: `Service ${ns}/tuf`, outcome: 'changed' },
      ]),
    );
  });

  async function kubectlApplies() {
    const args = ['--kubeconfig', kubeconfig, 'apply', '-f', stack.file];
    expect(await run(binary('kubectl'), args)).toMatchObject({ status: 0 });
  }

  it('makes a Job anew that takes no change, and applies the rest', async () => {
    await raised();
    const before = (await maker()).metadata?.uid;
    await write(objects('a:2'));
    const running = up('--json');
    await letGo(before);
    await until(async () => ((await maker()).metadata?.uid === before ? undefined : true));
    await jobEnds('Complete');
    const { changed } = JSON.parse((await running).stdout);
    expect(changed).toEqual([{ object: `Job ${ns}/maker`, outcome: 'remade' }]);
    const [container] = (await maker()).spec?.template.spec?.containers ?? [];
    expect(container?.image).toBe('a:2');
  });

  it('ends with what a Job that failed has said, and makes it anew the next time', async () => {
    const running = up();
    const job = await until(maker);
    const owner = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      name: 'maker',
      uid: job.metadata?.uid ?? '',
    };
    const made = await core.createNamespacedPod({
      namespace: ns,
      body: {
        metadata: { name: 'maker-x', labels, ownerReferences: [owner] },
        spec: pod('a:1').spec,
      },
    });
    const terminated = { exitCode: 65, message: 'maker: error: the key is no key; give another\n' };
    made.status = {
      phase: 'Failed',
      containerStatuses: [
        {
          name: 'main',
          image: 'a:1',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { terminated },
        },
      ],
    };
    await core.replaceNamespacedPodStatus({ namespace: ns, name: 'maker-x', body: made });
    await jobEnds('Failed');
    expect(await running).toMatchObject({
      status: 65,
      stderr: expect.stringContaining(
        `error: Job ${ns}/maker: it failed: the key is no key; give another\n`,
      ),
    });
    const again = raisedAfterFailure(job.metadata?.uid);
    expect(JSON.parse((await again).stdout).changed).toContainEqual({
      ...{ object: `Job ${ns}/maker`, outcome: 'remade' },
    });
  });

  async function raisedAfterFailure(uid: string | undefined) {
    const running = up('--json');
    await letGo(uid);
    await until(async () => ((await maker()).metadata?.uid === uid ? undefined : true));
    await jobEnds('Complete');
    await secret();
    await serverIsReady();
    return running;
  }

  it('names who else has set a field, changes nothing of it, and takes it over where it is told to', async () => {
    await raised();
    const patch = [{ op: 'replace', path: '/data/key', value: 'theirs' }];
    await core.patchNamespacedConfigMap({
      namespace: ns,
      name: 'settings',
      body: patch,
      fieldManager: 'them',
    });
    const { status, stderr } = await up();
    expect(status).toBe(78);
    expect(stderr).toContain(
      `apply ConfigMap ${ns}/settings: them has set .data.key; leave that out`,
    );
    const settings = () => core.readNamespacedConfigMap({ namespace: ns, name: 'settings' });
    expect((await settings()).data).toEqual({ key: 'theirs' });
    await up('--force-conflicts');
    expect((await settings()).data).toEqual({ key: 'value' });
  });

  it('names what it still waits for when the time is over', async () => {
    const { status, stderr } = await up('--timeout=1s');
    expect(status).toBe(69);
    expect(stderr).toContain(`Job ${ns}/maker, Deployment ${ns}/tuf (for Secret ${ns}/keys)`);
  });

  it('does not begin beside another operator', async () => {
    // One clock is ten minutes late, another ten minutes early.
    const by = (minutes: number, user: string) =>
      cli(stack.flags('up'), {
        env: { USER: user },
        now: () => new Date(Date.now() + minutes * 60_000),
      });
    const first = by(-10, 'ann');
    await until(maker);
    for (const second of [await by(0, 'bob'), await by(10, 'bob')]) {
      expect(second.status).toBe(75);
      const [, ago] =
        /Lease up-\d+\/sigstand is held by ann@\S+ [0-9a-f]{8}, who renewed it (\d+) s ago; let them finish/.exec(
          second.stderr,
        ) ?? [];
      expect(Number(ago)).toBeLessThan(30);
    }
    await jobEnds('Complete');
    await secret();
    await serverIsReady();
    expect((await first).stdout).toContain('all 5 objects applied');
    expect((await up()).stdout).toContain('all 5 objects applied');
  });

  it('refuses a kind that the cluster does not know before it changes anything', async () => {
    const route = { apiVersion: 'gateway.test/v1', kind: 'Route', metadata: meta('tuf') };
    await write([...objects(), route]);
    const { status, stderr } = await up();
    expect(status).toBe(65);
    expect(stderr).toContain(
      'the API server knows no Route of gateway.test/v1; nothing was changed',
    );
    await expect(maker()).rejects.toMatchObject({ code: 404 });
  });

  it('refuses what the API server finds wrong, and tells the field', async () => {
    const wrong = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('wrong'),
      spec: { ports: [{ port: 0 }] },
    };
    await write([...objects(), wrong]);
    const { status, stderr } = await up();
    expect(status).toBe(65);
    expect(stderr).toContain(
      `apply Service ${ns}/wrong: the API server answered 422 Invalid (spec.ports[0].port`,
    );
  });

  it('waits for a namespace that is being deleted, and says who holds it', async () => {
    // Nobody ends it: there is no controller.
    await core.deleteNamespace({ name: ns });
    const { status, stderr } = await up('--timeout=1s');
    expect(status).toBe(69);
    expect(stderr).toMatch(
      /^sigstand up: waiting: Namespace up-\d+: what was there is being deleted$/m,
    );
    expect(stderr).toMatch(
      /error: Namespace up-\d+ is deleted, and does not go away; kubectl get it/,
    );
  });

  it('names what a caller may not', async () => {
    const path = join(stack.work, 'poor');
    const login = { token: await accountToken(config, { namespace: 'default', name: 'poor-up' }) };
    await writeFile(path, asUser(config, login).exportConfig());
    const { status, stderr } = await cli([
      'up',
      `--kubeconfig=${path}`,
      `--manifests=${stack.file}`,
    ]);
    expect(status).toBe(77);
    expect(stderr).toContain(
      'is forbidden: User "system:serviceaccount:default:poor-up" cannot list',
    );
    expect(stderr).not.toContain(login.token);
  });

  it.each(['--registry=HTTP://x', '--token=secret-token', '--manifests=/nowhere/x'])(
    'refuses %s',
    async (flag) => {
      const { status, stderr } = await up(flag);
      expect(status).toBe(64);
      expect(stderr).not.toContain('secret-token');
    },
  );
});

describe('npx sigstand-X.tgz up, in an empty folder', () => {
  let packedCli: Packed;
  beforeAll(async () => {
    packedCli = await packed();
  });
  afterAll(() => packedCli.remove());

  it('has the manifests of its version in it', async () => {
    const path = join(stack.work, 'nobody');
    const text = config.exportConfig().replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:9');
    await writeFile(path, text);
    const { status, stderr } = await packedCli.npx(['up', `--kubeconfig=${path}`]);
    expect(status).toBe(75);
    expect(stderr).toContain('the API server did not answer (ECONNREFUSED)');
  });
});
