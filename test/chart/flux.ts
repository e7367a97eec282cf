import type { ChildProcess } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Rig, root, run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';
import { end, spawnBound } from '../programs/spawn.ts';

const namespace = 'flux-system';
const node = '10.200.0.1';
const registry = `${node}:5000/flux/sigstand`;

/** Flux on the rig: its source-controller and kustomize-controller, and an artifact in a registry that they follow. */
export interface Flux {
  /** Publishes files as the artifact, under its one tag, and has Flux look for it. */
  publish(files: Readonly<Record<string, string>>): Promise<void>;
  /** Makes the Kustomization; resolves when all of it is ready. */
  follow(): Promise<void>;
  /** One round; resolves when Flux has applied, and found all of it ready. */
  round(): Promise<void>;
  /** Deletes the Kustomization, and waits until Flux has pruned what it made. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

const objects = `
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: sigstand, namespace: ${namespace}}
spec:
  interval: 1h
  url: oci://${registry}
  insecure: true
  ref: {tag: latest}
`;

const kustomization = `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: sigstand, namespace: ${namespace}}
spec:
  interval: 1h
  timeout: 10m
  retryInterval: 5s
  wait: true
  prune: true
  path: ./
  sourceRef: {kind: OCIRepository, name: sigstand}
`;

/** Starts both controllers as programs in the rig's network, with a folder for what they keep. */
export async function startFlux(cluster: Rig, work: string): Promise<Flux> {
  const definitions = join(dirname(binary('kustomize-controller')), 'definitions');
  await cluster.kubectl('apply', '--server-side', '-f', definitions);
  await cluster.kubectl('create', 'namespace', namespace);
  const kept = join(work, 'artifacts');
  await mkdir(kept, { recursive: true });
  const controllers = [
    start(cluster, 'source-controller', [
      ...[`--storage-path=${kept}`, `--storage-addr=${node}:9790`],
      ...[`--storage-adv-addr=${node}:9790`, '--metrics-addr=:9780', '--health-addr=:9781'],
    ]),
    start(cluster, 'kustomize-controller', ['--metrics-addr=:9782', '--health-addr=:9783']),
  ];

  const now = () => `${Date.now()}`;
  const ask = async (kind: string) => {
    const at = now();
    await cluster.kubectl(
      ...['annotate', kind, 'sigstand', '-n', namespace, '--overwrite'],
      `reconcile.fluxcd.io/requestedAt=${at}`,
    );
    const handled = `jsonpath={.status.lastHandledReconcileAt}=${at}`;
    const wait = ['wait', kind, 'sigstand', '-n', namespace, '--timeout=10m'];
    await cluster.kubectl(...wait, `--for=${handled}`);
    await cluster.kubectl(...wait, '--for=condition=Ready');
  };

  return {
    async publish(files) {
      const folder = join(work, 'files');
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const packed = join(work, 'files.tgz');
      await run('tar', ['-czf', packed, '-C', folder, '.']);
      const to = ['append', '--insecure', '-f', packed, '-t', `${registry}:latest`];
      await cluster.mustExec([binary('crane'), ...to]);
      await cluster.apply(objects);
      await ask('ocirepository');
    },
    async follow() {
      await cluster.apply(kustomization);
      await ask('kustomization');
    },
    round: () => ask('kustomization'),
    async forget() {
      await cluster.kubectl('delete', 'kustomization', 'sigstand', '-n', namespace, '--timeout=5m');
    },
    async stop() {
      await Promise.all(controllers.map((one) => end(one)));
    },
  };
}

function start(cluster: Rig, name: string, flags: readonly string[]): ChildProcess {
  const all = [...flags, '--events-addr=', '--watch-all-namespaces=true'];
  const command = ['exec', '--', binary(name), ...all];
  const env = { ...process.env, ...cluster.env, RUNTIME_NAMESPACE: namespace };
  return spawnBound(join(root, 'test/rig/rig'), command, { env, stdio: 'ignore' });
}
