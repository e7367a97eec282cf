import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../cluster/rig.ts';
import { binary as program } from '../../programs/binaries.ts';
import { trustOf } from '../cost/go-jobs.ts';
import { type Loopback, remove } from '../cost/loopback.ts';
import type { Measured } from '../cost/process.ts';
import type { Binaries } from '../cost/tasks.ts';

/** What publishes a TUF repository of the stack's trust and of more files. */
export interface Repository {
  clear(): Promise<void>;
  /** Hands it the files, in place of those before. */
  put(files: Readonly<Record<string, string>>): Promise<void>;
  run(): Promise<Measured>;
  /** How much of it is stored. */
  bytes(): Promise<number>;
  /** The resourceVersion of each object of its namespace. */
  versions(): Promise<Versions>;
}

export type Versions = Readonly<Record<string, string>>;

/** How many objects came, went or were written between the two. */
export function changedIn(before: Versions, after: Versions): number {
  const all = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...all].filter((name) => before[name] !== after[name]).length;
}

/** Files as large as public keys, or larger; what is in them does not compress any better. */
export function moreTargets(count: number, bytes = 180): Record<string, string> {
  const names = Array.from({ length: count }, (_, index) => `file-${index + 1}.txt`);
  const content = (name: string) => {
    const hashes = Array.from({ length: Math.ceil(bytes / 88) }, (_, index) =>
      createHash('sha512').update(`${name} ${index}`).digest('base64'),
    );
    return hashes.join('').slice(0, bytes);
  };
  return Object.fromEntries(names.map((name) => [name, content(name)]));
}

const extra = 'extra-targets';

/** createtuf with a ConfigMap of extra targets, which its Role lets it read as well. */
export async function ourRepository(at: Loopback): Promise<Repository> {
  const job = at.lane.job('tuf-system/createtuf');
  const { namespace, serviceAccount } = job;
  const names = ['tuf-keys', 'tuf-root'] as const;
  await mayRead(at, { namespace, serviceAccount, configMap: extra });
  return {
    clear: () =>
      remove(at, [
        ...names.map((name) => ({ kind: 'Secret', namespace, name }) as const),
        { kind: 'ConfigMap', namespace, name: 'tuf-repository' },
      ]),
    put: async (data) => {
      await remove(at, [{ kind: 'ConfigMap', namespace, name: extra }]);
      const body = { metadata: { name: extra }, data: { ...data } };
      await at.admin.createNamespacedConfigMap({ namespace, body });
    },
    run: () => at.ours(job, { args: [`--extra-targets=${extra}`] }),
    bytes: async () => {
      const ref = { namespace, name: 'tuf-repository' };
      const { data = {}, binaryData = {} } = await at.admin.readNamespacedConfigMap(ref);
      const text = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
      return text + decodedLength(binaryData);
    },
    versions: () => versionsIn(at, namespace),
  };
}

/** The Go TUF server, which makes the repository anew of the files in a folder, and ends. */
export async function goRepository(at: Loopback, binary: Binaries): Promise<Repository> {
  const account = await at.namespace('peer-repository');
  const { namespace } = account;
  const trust = await trustOf(at, account);
  const folder = join(at.folder, 'go-targets');
  return {
    clear: () => remove(at, [{ kind: 'Secret', namespace, name: 'tuf-root' }]),
    put: async (files) => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      await run('cp', ['-r', `${trust}/.`, folder]);
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    },
    run: async () => {
      const [target, scratch] = [join(at.folder, 'go-target-'), join(at.folder, 'go-scratch-')];
      const flags = ['--mode=init', `--file-dir=${folder}`];
      return at.processes.measure(
        [binary('tuf-server'), ...flags, `--target-dir=${await mkdtemp(target)}`],
        { identity: { ...at.api, ...account }, env: { TMPDIR: await mkdtemp(scratch) } },
      );
    },
    bytes: async () => {
      const found = await at.admin
        .readNamespacedSecret({ namespace, name: 'tuf-root' })
        .catch((error: { code?: number }) => {
          if (error.code === 404) return undefined;
          throw error;
        });
      return decodedLength(found?.data ?? {});
    },
    versions: () => versionsIn(at, namespace),
  };
}

function decodedLength(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, value) => sum + Buffer.from(value, 'base64').length, 0);
}

async function versionsIn({ admin }: Loopback, namespace: string): Promise<Versions> {
  const [secrets, configMaps] = await Promise.all([
    admin.listNamespacedSecret({ namespace }),
    admin.listNamespacedConfigMap({ namespace }),
  ]);
  const of = (kind: string, items: typeof secrets.items | typeof configMaps.items) =>
    items.map(({ metadata }) => [`${kind} ${metadata?.name}`, metadata?.resourceVersion ?? '']);
  return Object.fromEntries([...of('Secret', secrets.items), ...of('ConfigMap', configMaps.items)]);
}

interface Reader {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly configMap: string;
}

async function mayRead({ api }: Loopback, { namespace, serviceAccount, configMap }: Reader) {
  const kubectl = async (...args: string[]) => {
    const all = ['--kubeconfig', api.kubeconfig, '-n', namespace, ...args];
    const { status, stderr } = await run(program('kubectl'), all);
    if (status !== 0) throw new Error(stderr);
  };
  const what = ['--verb=get', '--resource=configmaps', `--resource-name=${configMap}`];
  await kubectl('create', 'role', configMap, ...what);
  const who = [`--role=${configMap}`, `--serviceaccount=${namespace}:${serviceAccount}`];
  await kubectl('create', 'rolebinding', configMap, ...who);
}
