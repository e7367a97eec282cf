import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BatchV1Api, CoordinationV1Api, CoreV1Api } from '@kubernetes/client-node';
import { clusterAccess } from '@sigstand/store/access';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { noting } from '../../packages/sigstand/src/record/note.ts';
import { cli } from '../../packages/sigstand/src/testing.ts';
import { stackOf } from '../../packages/sigstand/src/up/stack.ts';
import { run } from '../cluster/rig.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';

/* sigstand up --record and npm stop on a cluster that others made, with a real API server; without controllers there, a test
   does in their place what they do last. */

const config = kubeconfigAt(inject('kubeconfig'));
const core = config.makeApiClient(CoreV1Api);
const batch = config.makeApiClient(BatchV1Api);
const noInput = { stdin: () => Readable.from([]), signal: new AbortController().signal };
let out: string;
let count = 0;
let ns: { one: string; two: string };

const ours = { 'app.kubernetes.io/part-of': 'sigstand' };
const configMap = (namespace: string, name: string, labels?: object) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap' },
  metadata: { name, namespace, labels },
});

beforeEach(async () => {
  count += 1;
  ns = { one: `stop-${count}-one`, two: `stop-${count}-two` };
  out = await mkdtemp(join(tmpdir(), 'sigstand-stop-'));
  await mkdir(join(out, 'manifests'));
  await writeFile(join(out, 'cluster'), 'current');
  await writeFile(join(out, 'made'), '');
  await copyFile(inject('kubeconfig'), join(out, 'kubeconfig'));
  const pod = { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] };
  const maker = (name: string) => ({
    ...{ apiVersion: 'batch/v1', kind: 'CronJob' },
    metadata: { name: 'maker', namespace: name, labels: ours },
    spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template: { spec: pod } } } },
  });
  const objects = [
    ...[ns.one, ns.two].flatMap((name) => [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: ours } },
      configMap(name, 'server', ours),
      maker(name),
    ]),
    {
      ...{ apiVersion: 'v1', kind: 'Service' },
      metadata: { name: 'tuf', namespace: ns.two, labels: ours },
      spec: { ports: [{ port: 80 }] },
    },
  ];
  const text = objects.map((one) => JSON.stringify(one)).join('\n---\n');
  await writeFile(join(out, 'manifests/all.yaml'), text);
});
afterEach(() => rm(out, { recursive: true, force: true }));

/** Applies all, with or without a note of it. The stack that is looked for in the end is none. */
async function up(...args: string[]) {
  const file = join(out, 'manifests/all.yaml');
  const from = [`--kubeconfig=${inject('kubeconfig')}`, `--manifests=${file}`];
  const { stdout } = await cli(['up', ...from, ...args]);
  expect(stdout).toContain('all 7 objects applied');
}

/** As npm start: what was there is noted, all is applied, and what the Jobs write comes. */
async function start() {
  await up(`--record=${join(out, 'made.json')}`);
  for (const namespace of [ns.one, ns.two]) await write(namespace, 'written', ours);
}

const write = (namespace: string, name: string, labels?: Record<string, string>) =>
  core.createNamespacedSecret({
    namespace,
    body: { metadata: { name, ...(labels && { labels }) }, stringData: { key: 'v' } },
  });

async function stop(): Promise<string> {
  let done = false;
  const ending = (async () => {
    while (!done) {
      for (const name of [ns.one, ns.two]) await collect(name).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  try {
    const ended = await run('bash', ['scripts/down.sh'], { env: { SIGSTAND_OUT: out } });
    expect(ended).toMatchObject({ status: 0 });
    return ended.stdout;
  } finally {
    done = true;
    await ending;
  }
}

/** What the garbage collector and the controller of namespaces do last. */
async function collect(namespace: string): Promise<void> {
  const { items } = await batch.listNamespacedCronJob({ namespace });
  for (const body of items.filter((one) => one.metadata?.deletionTimestamp)) {
    const metadata = { ...body.metadata, finalizers: [] };
    const name = metadata.name ?? '';
    await batch.replaceNamespacedCronJob({ namespace, name, body: { ...body, metadata } });
  }
  const there = await core.readNamespace({ name: namespace });
  if (there.metadata?.deletionTimestamp === undefined) return;
  const body = { ...there, spec: { finalizers: [] } };
  await core.replaceNamespaceFinalize({ name: namespace, body });
}

const namespace = (name: string) => core.createNamespace({ body: { metadata: { name } } });
const isThere = (name: string) =>
  core.readNamespace({ name }).then(
    () => true,
    () => false,
  );
async function secrets(namespace: string): Promise<(string | undefined)[]> {
  const { items } = await core.listNamespacedSecret({ namespace });
  return items.map(({ metadata }) => metadata?.name);
}
async function configMaps(namespace: string): Promise<(string | undefined)[]> {
  const { items } = await core.listNamespacedConfigMap({ namespace });
  return items.map(({ metadata }) => metadata?.name).filter((name) => name !== 'kube-root-ca.crt');
}

describe('npm stop on a cluster that others made', () => {
  it('takes away all that npm start made', async () => {
    await start();
    const said = await stop();
    expect([await isThere(ns.one), await isThere(ns.two)]).toEqual([false, false]);
    expect(said).toMatch(
      /✔ namespaces with all in them: 1 gone .*\n.*1 gone .*\nRemoved 2 objects\.\nsigstand: left the cluster itself, which npm start did not make\nsigstand: gone\n$/,
    );
    await expect(readFile(join(out, 'made'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves a namespace that was there, with what was in it', async () => {
    await namespace(ns.one);
    await write(ns.one, 'theirs');
    await write(ns.one, 'of-an-earlier-stack', ours);
    await start();
    const said = await stop();
    expect(await isThere(ns.two)).toBe(false);
    expect(await secrets(ns.one)).toEqual(['of-an-earlier-stack', 'theirs']);
    expect(await configMaps(ns.one)).toEqual([]);
    expect(said).toContain(`Left: Namespace ${ns.one}, which was there before.\n`);
  });

  it('leaves a stack that ran before, whole', async () => {
    await up();
    await start();
    const said = await stop();
    expect(said).toContain('Nothing to do');
    for (const one of [ns.one, ns.two]) {
      expect(await secrets(one)).toEqual(['written']);
      expect(await configMaps(one)).toEqual(['server']);
    }
  });

  it('leaves a namespace of its own in which somebody put something, and says what', async () => {
    await start();
    await write(ns.one, 'theirs');
    const said = await stop();
    expect(await isThere(ns.two)).toBe(false);
    expect(await secrets(ns.one)).toEqual(['theirs']);
    expect(await configMaps(ns.one)).toEqual([]);
    expect(said).toContain(
      `Left: Namespace ${ns.one} holds Secret ${ns.one}/theirs, which is of others.\n`,
    );
  });

  it('leaves what others deleted and made anew', async () => {
    await start();
    await core.deleteNamespacedConfigMap({ name: 'server', namespace: ns.one });
    await core.createNamespacedConfigMap({
      namespace: ns.one,
      body: { metadata: { name: 'server' }, data: { theirs: 'yes' } },
    });
    await write(ns.one, 'theirs');
    const said = await stop();
    expect(await configMaps(ns.one)).toEqual(['server']);
    expect(said).toContain(
      `Left: ConfigMap ${ns.one}/server, which was made anew by others since.\n`,
    );
  });

  it('takes away what was made before npm start was killed, and what a second one made', async () => {
    // Killed as soon as it had noted what it was about to make, and had made some of it.
    const access = await clusterAccess({ KUBECONFIG: inject('kubeconfig') });
    const stack = await stackOf(join(out, 'manifests/all.yaml'), noInput);
    await noting(join(out, 'made.json'), access, stack);
    await namespace(ns.one);
    await start();
    await up(`--record=${join(out, 'made.json')}`);
    await stop();
    expect([await isThere(ns.one), await isThere(ns.two)]).toEqual([false, false]);
  });

  it('takes away the lease where the namespace was there before', async () => {
    await namespace(ns.two);
    await start();
    await stop();
    const leases = await config
      .makeApiClient(CoordinationV1Api)
      .listNamespacedLease({ namespace: ns.two });
    expect(leases.items).toEqual([]);
    expect(await secrets(ns.two)).toEqual([]);
    expect(await isThere(ns.two)).toBe(true);
  });

  it('leaves everything where the cluster does not answer, to be tried again', async () => {
    await start();
    const kubeconfig = join(out, 'kubeconfig');
    const text = await readFile(kubeconfig, 'utf8');
    await writeFile(kubeconfig, text.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
    await expect(stop()).rejects.toThrow();
    await writeFile(kubeconfig, text);
    await stop();
    expect(await isThere(ns.one)).toBe(false);
  });
});
