import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart, runHelm } from '../../scripts/chart/rendered.ts';
import { binary } from '../programs/binaries.ts';
import { startControllers } from '../programs/controller-manager.ts';
import { type KubeApiServer, startKubeApiServer } from '../programs/kube-apiserver.ts';
import { kubectlOn } from '../programs/kubectl.ts';
import { flags } from './sets.ts';

/** An object that is there, as far as these tests read it. */
interface Live {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly spec: { readonly template?: { readonly spec: { containers: { image: string }[] } } };
}

const kinds = 'jobs,cronjobs,deployments,statefulsets,services,configmaps,networkpolicies,roles';
const own = 'app.kubernetes.io/instance=up';
const jobImages = [
  ...['createsecret', 'createtree', 'createcerts', 'createctconfig'],
  ...['createcertchain', 'copysecrets', 'createtuf'],
];

// Helm 3 may say that it no longer watches what it waited for.
const done = { status: 0, stderr: expect.not.stringContaining('Error:') };

const host = { hosts: { rekor: 'rekor.example.com' } };
const told = [
  ['a host', { outside: host, rekor: { hostname: 'rekor.up-rekor-system.svc' } }],
  ['an issuer', { fulcio: { issuers: [{ url: 'https://dex.example.com', type: 'email' }] } }],
] as const;

/** The images of the seven Jobs at another version. */
const version = (tag: string) => ({
  names: Object.fromEntries(jobImages.map((job) => [job, `ghcr.io/sigstand/${job}:${tag}`])),
});

/**
 * What an upgrade by one version of Helm does, on a real API server with Kubernetes' own controller of Jobs. There is no
 * kubelet: a Job's Pod is made, and never runs.
 */
export function upgradesBy(program: string): void {
  let server: KubeApiServer;
  let home: string;
  let end: () => Promise<void>;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'sigstand-upgrades-'));
    server = await startKubeApiServer();
    end = startControllers(server.kubeconfig, [
      ...['job-controller', 'garbage-collector-controller', 'namespace-controller'],
    ]);
  }, 120_000);
  afterAll(async () => {
    await end?.();
    await server?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const helm = (...args: string[]) =>
    runHelm(binary(program), [...args, '--namespace', 'default'], {
      KUBECONFIG: server.kubeconfig,
    });
  const values = (more: object) =>
    flags({ namespaces: { prefix: 'up-' }, instance: 'up', ...more });
  const upgrade = (more: object) => helm('upgrade', 'up', chart, ...values(more));

  const kubectl = async (...args: string[]) => {
    const { status, stdout, stderr } = await kubectlOn(server.kubeconfig)(args);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  const objects = async (what = `${kinds},namespaces`): Promise<Live[]> =>
    JSON.parse(await kubectl('get', what, '-A', '-l', own, '-o', 'json')).items;
  const by = <T>(list: Live[], value: (object: Live) => T) =>
    Object.fromEntries(
      list.map((one) => [`${one.kind} ${one.metadata.namespace}/${one.metadata.name}`, value(one)]),
    );
  const uids = (list: Live[]) => by(list, ({ metadata }) => metadata.uid);
  const versions = (list: Live[]) => by(list, ({ metadata }) => metadata.resourceVersion);
  /** What is there once the controllers have nothing more to write. */
  const settled = async (last = ''): Promise<Live[]> => {
    const now = await objects();
    const text = JSON.stringify(versions(now));
    if (text === last) return now;
    await sleep(1_000);
    return settled(text);
  };
  const tags = async () => [
    ...new Set(
      (await objects('jobs')).map(
        ({ spec }) => spec.template!.spec.containers[0]!.image.split(':')[1],
      ),
    ),
  ];
  const isJob = ({ kind }: Live) => kind === 'Job';
  /** The Jobs that are others than before, by their names. */
  const anew = (before: Live[], after: Live[]) => {
    const known = new Set(before.map(({ metadata }) => metadata.uid));
    return after
      .filter(({ metadata }) => !known.has(metadata.uid))
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
  };

  describe(`a release by ${program}`, () => {
    it('is installed', async () => {
      const installed = await helm('install', 'up', chart, ...values({}));
      expect(installed).toMatchObject(done);
      const secret = ['generic', 'key', '-n', 'up-rekor-system', '--from-literal=a=b'];
      await kubectl('create', 'secret', ...secret);
      expect((await objects()).filter(isJob)).toHaveLength(9);
    });

    it('makes every Job anew at an upgrade to other images, and nothing else', async () => {
      const before = await objects();
      expect(await upgrade({ images: version('0.2.0') })).toMatchObject(done);
      const after = await objects();
      expect(anew(before, after)).toHaveLength(9);
      expect(
        anew(
          before.filter((one) => !isJob(one)),
          after.filter((one) => !isJob(one)),
        ),
      ).toEqual([]);
      expect(Object.keys(uids(after))).toEqual(Object.keys(uids(before)));
      expect(await tags()).toEqual(['0.2.0']);
    });

    it('touches nothing at an upgrade to the same values', async () => {
      const before = await settled();
      expect(await upgrade({ images: version('0.2.0') })).toMatchObject(done);
      expect(versions(await settled())).toEqual(versions(before));
    });

    it('makes the one Job anew that an upgrade changes', async () => {
      const before = await objects();
      const resources = { createtuf: { limits: { memory: '256Mi' } } };
      const more = { images: version('0.2.0'), resources };
      expect(await upgrade(more)).toMatchObject(done);
      expect(anew(before, await objects())).toEqual(['Job up-tuf-system/createtuf']);
    });

    it.each(told)('makes createtuf anew, which tells clients at once of %s', async (_, change) => {
      const before = await objects();
      expect(await upgrade({ images: version('0.2.0'), ...change })).toMatchObject(done);
      expect(anew(before, await objects())).toEqual(['Job up-tuf-system/createtuf']);
    });

    it('makes a Job anew that has failed, though nothing of it has changed', async () => {
      const before = await objects();
      await failPodOf('up-fulcio-system', 'createcerts');
      await kubectl(
        'wait',
        '--for=condition=Failed',
        'job/createcerts',
        '-n',
        'up-fulcio-system',
        '--timeout=30s',
      );
      expect(await upgrade({ images: version('0.2.0') })).toMatchObject(done);
      // And createtuf, which tells clients what it did before.
      expect(anew(before, await objects())).toEqual([
        'Job up-fulcio-system/createcerts',
        'Job up-tuf-system/createtuf',
      ]);
    });

    it('goes back to the version before, with its Jobs', async () => {
      expect(await helm('rollback', 'up', '1')).toMatchObject(done);
      expect(await tags()).toEqual(['0.1.0']);
    });

    it('goes on after an upgrade that was cut half-way', async () => {
      const before = (await objects()).filter(isJob);
      const killed = await cut(
        async () =>
          anew(before, (await objects()).filter(isJob)).length > 0 ||
          (await objects('jobs')).length < 9,
      );
      expect(killed).toBe('SIGKILL');
      const refused = await upgrade({ images: version('0.3.0') });
      expect(refused).toMatchObject({ status: 1 });
      expect(refused.stderr).toContain(
        'another operation (install/upgrade/rollback) is in progress',
      );
      expect(await helm('rollback', 'up')).toMatchObject(done);
      expect(await upgrade({ images: version('0.3.0') })).toMatchObject(done);
      expect((await objects()).filter(isJob)).toHaveLength(9);
      expect(await tags()).toEqual(['0.3.0']);
    });

    it('leaves the namespaces and what is in them when it is uninstalled, and takes them again', async () => {
      const namespaces = async () => uids(await objects('namespaces'));
      const before = await namespaces();
      expect(Object.keys(before)).toHaveLength(6);
      expect(await helm('uninstall', 'up')).toMatchObject({ status: 0 });
      expect(await objects(kinds)).toEqual([]);
      expect(await namespaces()).toEqual(before);
      expect(
        await kubectl('get', 'secret', 'key', '-n', 'up-rekor-system', '-o', 'jsonpath={.data.a}'),
      ).toBe('Yg==');
      expect(await helm('install', 'up', chart, ...values({}))).toMatchObject({
        status: 0,
        stderr: '',
      });
      expect(await namespaces()).toEqual(before);
      expect(await objects('jobs')).toHaveLength(9);
    });
  });

  /** Ends a Job's Pod as a kubelet would, with the status by which nothing is tried again. */
  async function failPodOf(namespace: string, job: string): Promise<void> {
    const uid = await kubectl('get', 'job', job, '-n', namespace, '-o', 'jsonpath={.metadata.uid}');
    // A Pod of the Job that was here before may be there, too.
    const label = ['-n', namespace, '-l', `batch.kubernetes.io/controller-uid=${uid}`];
    const pod = await kubectl('get', 'pods', ...label, '-o', 'jsonpath={.items[0].metadata.name}');
    const terminated = { exitCode: 64 };
    const container = { name: job, image: job, imageID: '', ready: false, restartCount: 0 };
    const status = {
      phase: 'Failed',
      containerStatuses: [{ ...container, state: { terminated } }],
    };
    const patch = JSON.stringify({ status });
    await kubectl('patch', 'pod', pod, '-n', namespace, '--subresource=status', '-p', patch);
  }

  /** An upgrade that is killed as soon as `when` holds; resolves to the signal. */
  async function cut(when: () => Promise<boolean>): Promise<NodeJS.Signals | null> {
    const more = values({ images: version('0.3.0') });
    const args = ['upgrade', 'up', chart, '--namespace', 'default', ...more];
    const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: server.kubeconfig };
    const child = spawn(binary(program), args, { env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (child.exitCode === null && !(await when())) await sleep(20);
    child.kill('SIGKILL');
    const [, signal] = await ended;
    return signal;
  }
}
