import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppsV1Api, BatchV1Api, CoreV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { cli } from '../../packages/sigstand/src/testing.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';

/** The label of a stack's objects. */
export const labels = { 'app.kubernetes.io/part-of': 'sigstand' };

/** An API server as its file's user sees it. */
export function apisAt(kubeconfig: string) {
  const config = kubeconfigAt(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const batch = config.makeApiClient(BatchV1Api);
  const apps = config.makeApiClient(AppsV1Api);
  return { config, core, batch, apps };
}

/** A stack of a few objects on an API server. Each test has one in a namespace of its own. */
export function smallStack(name: string, kubeconfig: () => string) {
  const stack = {
    /** A folder for all tests of a file. */
    work: '',
    /** Of this test: the namespace, and the file of manifests. */
    ns: '',
    file: '',
    meta: (of: string) => ({ name: of, namespace: stack.ns, labels }),
    /** What every such stack has. */
    base: () => [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: stack.ns, labels } },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: stack.meta('settings'),
        data: { key: 'value' },
      },
      {
        ...{ apiVersion: 'v1', kind: 'Service', metadata: stack.meta('tuf') },
        spec: { selector: { app: 'tuf' }, ports: [{ port: 80 }] },
      },
    ],
    pod: (image: string, more: object = {}) => ({
      metadata: { labels: { app: 'tuf' } },
      spec: { restartPolicy: 'Always', containers: [{ name: 'main', image }], ...more },
    }),
    /** Writes the manifests. */
    write: (all: readonly object[]) =>
      writeFile(stack.file, all.map((one) => JSON.stringify(one)).join('\n---\n')),
    flags: (verb: string, ...args: readonly string[]) => {
      const where = [`--kubeconfig=${kubeconfig()}`, `--manifests=${stack.file}`];
      return [verb, ...where, ...args];
    },
    sigstand: (verb: string, ...args: readonly string[]) => cli(stack.flags(verb, ...args)),
  };
  let count = 0;
  beforeAll(async () => {
    stack.work = await mkdtemp(join(tmpdir(), `sigstand-${name}-`));
  });
  afterAll(() => rm(stack.work, { recursive: true }));
  beforeEach(() => {
    count += 1;
    stack.ns = `${name}-${count}`;
    stack.file = join(stack.work, `${stack.ns}.yaml`);
  });
  return stack;
}
