import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../cluster/rig.ts';
import { stackNamespaces } from '../../faults/lane.ts';
import { ofKind } from '../../stack.ts';
import { ctr } from './containers.ts';

const ours = 'app.kubernetes.io/part-of=sigstand';
/** The rig's DNS is a Pod, and stays: the next stack asks it. */
const notTheRigs = ['--field-selector', 'metadata.namespace!=kube-system'];
const limit = 90_000;
/** Of the peer nothing is cluster-wide. */
const clusterWide = ofKind('ClusterRole', 'ClusterRoleBinding').map(
  ({ metadata }) => metadata.name,
);

interface Volume {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly local?: { readonly path: string }; readonly claimRef?: object };
  readonly status: { readonly phase: string };
}

/**
 * Takes away the stack of either side; the images stay on the node.
 *
 * Not a new rig, which is as empty: onto that each image has to be brought again, and that takes much longer.
 *
 * @throws {Error} Where something of a stack is still there after all.
 */
export async function emptyCluster(cluster: Rig): Promise<void> {
  await cluster.kubectl(
    'delete',
    'namespaces',
    ...stackNamespaces,
    '--ignore-not-found',
    '--wait=false',
  );
  await cluster.kubectl('delete', 'clusterroles,clusterrolebindings', '-l', ours, '--wait=false');
  // A Pod has half a minute to end, which nobody needs to wait for here. A controller that has not yet heard of the
  // namespace's end may make another.
  await until('the namespaces', async () => {
    await cluster.kubectl(
      ...['delete', 'pods', '-A', ...notTheRigs, '--grace-period=0', '--force', '--wait=false'],
    );
    const left = await cluster.kubectl(
      'get',
      'namespaces',
      '--ignore-not-found',
      '-o',
      'name',
      ...stackNamespaces,
    );
    return left.trim() === '';
  });
  await until('the containers', async () => {
    const tasks = await containers(cluster);
    // The kubelet ends those of a Pod that is gone as gently as if it were there.
    for (const id of tasks)
      await cluster.exec(ctr(cluster, 'tasks', 'kill', '--signal', 'KILL', id));
    return tasks.length === 0;
  });
  await releaseVolumes(cluster);
  await nothingLeft(cluster);
}

/** The volumes are the rig's own folders: they stay where they are, and lose what is in them. */
async function releaseVolumes(cluster: Rig): Promise<void> {
  const used = (await volumes(cluster)).filter(({ spec }) => spec.claimRef);
  for (const { metadata, spec } of used) {
    const path = spec.local?.path ?? '';
    if (!path.startsWith(`/var/lib/sigstand/${cluster.env.RIG}/volumes/`))
      throw new Error(`${metadata.name} is at ${path}, which is no folder of the rig's`);
    for (const name of await readdir(path)) await rm(join(path, name), { recursive: true });
    await cluster.kubectl('patch', 'pv', metadata.name, '-p', '{"spec":{"claimRef":null}}');
  }
  await until('the volumes', async () =>
    (await volumes(cluster)).every(({ status }) => status.phase === 'Available'),
  );
}

async function nothingLeft(cluster: Rig): Promise<void> {
  const inside = 'pods,jobs,deployments,statefulsets,replicasets,pvc';
  const outside = 'clusterroles,clusterrolebindings,namespaces';
  const lists = [
    await cluster.kubectl('get', inside, '-A', ...notTheRigs, '-o', 'name'),
    await cluster.kubectl('get', outside, '-o', 'name'),
  ];
  const left = lists.flatMap((list) => list.split('\n').filter((name) => isOfAStack(name)));
  if (left.length > 0) throw new Error(`the cluster is not empty: ${left.join(', ')}`);
}

/** Of an object on a rig, by `kind/name`, outside kube-system: does a stack have to do with it? */
export function isOfAStack(name: string): boolean {
  if (name === '') return false;
  const [kind = '', object = ''] = name.split('/');
  if (kind.startsWith('clusterrole')) return clusterWide.includes(object);
  if (kind === 'namespace') return stackNamespaces.includes(object);
  return true;
}

async function volumes(cluster: Rig): Promise<readonly Volume[]> {
  return (await cluster.get<{ items: Volume[] }>('pv')).items;
}

/** The ids of all that runs on the node, sandboxes too, but for the rig's own. */
async function containers(cluster: Rig): Promise<string[]> {
  const ids = async (...args: string[]) =>
    (await cluster.mustExec(ctr(cluster, ...args))).split('\n').filter((id) => id !== '');
  const namespace = 'labels."io.kubernetes.pod.namespace"';
  const own = await ids('containers', 'list', '--quiet', `${namespace}==kube-system`);
  return (await ids('tasks', 'list', '--quiet')).filter((id) => !own.includes(id));
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const begun = performance.now();
  while (!(await done())) {
    if (performance.now() - begun > limit)
      throw new Error(`${what} of the last stack are still there after ${limit / 1000} s`);
    await sleep(200);
  }
}
