import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';

/* npm stop on a cluster that others made, by the real kubectl and API server; without controllers there, a test
   ends the namespaces in their place. */

const config = new KubeConfig();
config.loadFromFile(inject('kubeconfig'));
const core = config.makeApiClient(CoreV1Api);
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
  const job = { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] };
  const objects = [ns.one, ns.two].flatMap((name) => [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: ours } },
    configMap(name, 'server', ours),
    {
      ...{ apiVersion: 'batch/v1', kind: 'Job' },
      metadata: { name: 'maker', namespace: name, labels: ours },
      spec: { template: { spec: job } },
    },
  ]);
  const text = objects.map((one) => JSON.stringify(one)).join('\n---\n');
  await writeFile(join(out, 'manifests/all.yaml'), text);
});
afterEach(() => rm(out, { recursive: true, force: true }));

async function script(text: string) {
  const PATH = `${dirname(binary('kubectl'))}:${process.env.PATH}`;
  const env = { PATH, SIGSTAND_OUT: out };
  const lib = 'set -euo pipefail; source scripts/lib.sh; source scripts/cluster.sh';
  const ended = await run('bash', ['-c', `${lib}; ${text}`], { env });
  expect(ended).toMatchObject({ status: 0 });
  return ended.stdout;
}

/** As stack.sh: what was there is noted, all is applied, and what the Jobs write comes. */
async function start() {
  await script('note_objects; k apply -f "$OUT/manifests"; note_objects');
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
      for (const name of [ns.one, ns.two]) await finalize(name);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  try {
    return await script('bash scripts/down.sh');
  } finally {
    done = true;
    await ending;
  }
}

/** What the namespace controller does last. */
async function finalize(name: string): Promise<void> {
  const there = await core.readNamespace({ name }).catch(() => undefined);
  if (there?.metadata?.deletionTimestamp === undefined) return;
  const body = { ...there, spec: { finalizers: [] } };
  await core.replaceNamespaceFinalize({ name, body }).catch(() => undefined);
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
    expect(said).toBe(
      'sigstand: removed 2 objects that npm start made\n' +
        'sigstand: left the cluster itself, which npm start did not make\nsigstand: gone\n',
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
    expect(said).toContain(`sigstand: left Namespace ${ns.one}: it was there before npm start\n`);
  });

  it('leaves a stack that ran before, whole', async () => {
    await script('k apply -f "$OUT/manifests"');
    await start();
    const said = await stop();
    expect(said).toMatch(/removed 0 objects/);
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
      `left Namespace ${ns.one}: it holds Secret ${ns.one}/theirs, which npm start did not make\n`,
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
      `left ConfigMap ${ns.one}/server: it was deleted and made anew by others since\n`,
    );
  });

  const proof = (name: string, labels: Record<string, string>) =>
    core.createNamespacedConfigMap({
      namespace: 'default',
      body: { metadata: { name, labels }, data: { a: 'b' } },
    });

  it('takes away what signs and verifies, however often it was made anew', async () => {
    const name = 'sigstand-sign-and-verify-root';
    const mine = { 'sigstand.dev/made-by': 'npm-start' };
    await start();
    await proof(name, mine);
    await script('note_objects');
    await core.deleteNamespacedConfigMap({ name, namespace: 'default' });
    await proof(name, mine);
    await stop();
    expect(await configMaps('default')).toEqual([]);
  });

  it('leaves what somebody else has under that name', async () => {
    const name = 'sigstand-sign-and-verify-root';
    await start();
    await proof(name, {});
    await stop();
    expect(await configMaps('default')).toEqual([name]);
    await core.deleteNamespacedConfigMap({ name, namespace: 'default' });
  });

  it('takes away what was made before npm start was killed, and what a second one made', async () => {
    await script('note_objects');
    await start();
    await script('note_objects; k apply -f "$OUT/manifests"; note_objects');
    await stop();
    expect([await isThere(ns.one), await isThere(ns.two)]).toEqual([false, false]);
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
