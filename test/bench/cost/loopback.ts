import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import type { Upstream } from '../../faults/api-proxy.ts';
import { type Lane, type LaneJob, openLane } from '../../faults/lane.ts';
import { tokenOf } from '../../programs/identity.ts';
import { type KubeApiServer, startKubeApiServer } from '../../programs/kube-apiserver.ts';
import { type RunningTrillian, startTrillian } from '../../programs/trillian.ts';
import {
  done,
  type Identity,
  jobCommand,
  type Measured,
  type Processes,
  processes,
} from './process.ts';

/**
 * A real kube-apiserver with its etcd, and a real Trillian, on loopback: where processes of both sides run as in a Pod, and
 * nothing else does. Ours have the namespaces, Roles and arguments of the manifests, and the peer's those of its own.
 */
export interface Loopback {
  /** What belongs to it alone. */
  readonly folder: string;
  readonly api: KubeApiServer;
  readonly admin: CoreV1Api;
  readonly trillian: RunningTrillian;
  readonly lane: Lane;
  readonly processes: Processes;
  /** Runs one of our Jobs. */
  ours(job: LaneJob, through?: Through): Promise<Measured>;
  /** A service account in a namespace of its own, with rights on all Secrets and ConfigMaps there. */
  namespace(name: string): Promise<Pick<Identity, 'namespace' | 'token'>>;
  close(): Promise<void>;
}

/** What stands between a process and the programs that it speaks to; by default nothing. */
export interface Through {
  readonly api?: Upstream;
  /** Trillian's address. */
  readonly trillian?: string;
  /** After the Job's own arguments. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it, with all of our Jobs done. */
export async function openLoopback(work: string, name: string): Promise<Loopback> {
  await using opening = new AsyncDisposableStack();
  const folder = join(work, name);
  await mkdir(folder);
  const all = await processes(folder);
  const api = await startKubeApiServer();
  opening.defer(api.stop);
  const trillian = await startTrillian();
  opening.defer(trillian.stop);
  const lane = await openLane('bench', api.kubeconfig);

  const ours: Loopback['ours'] = (job, through = {}) => {
    const args = argumentsFor(job, through.trillian ?? trillian.address);
    return all.measure([...jobCommand(job.job), ...args, ...(through.args ?? [])], {
      identity: { ...(through.api ?? api), token: job.token, namespace: job.namespace },
      env: { ...job.env, ...through.env },
    });
  };
  const first = await Promise.all(lane.jobs.map(async (job) => done(await ours(job), job.title)));
  if (first.length === 0) throw new Error('the manifests have no Jobs');
  const config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  const opened = opening.move();
  return {
    ...{ folder, api, trillian, lane, processes: all, ours, admin: lane.admin },
    namespace: (one) => newNamespace(config, one),
    close: () => opened.disposeAsync(),
  };
}

/** A Job's arguments as the manifests have them, with Trillian at an address of its own. */
export function argumentsFor({ job, args }: LaneJob, trillian: string): string[] {
  return [...args, ...(job === 'createtree' ? [`--admin-server=${trillian}`] : [])];
}

async function newNamespace(config: KubeConfig, namespace: string) {
  const core = config.makeApiClient(CoreV1Api);
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const metadata = { name: 'job' };
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await core.createNamespacedServiceAccount({ namespace, body: { metadata } });
  const resources = ['secrets', 'configmaps'];
  const rules = [{ apiGroups: [''], resources, verbs: ['create', 'get', 'update'] }];
  await rbac.createNamespacedRole({ namespace, body: { metadata, rules } });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'job' };
  const subjects = [{ kind: 'ServiceAccount', name: 'job', namespace }];
  await rbac.createNamespacedRoleBinding({ namespace, body: { metadata, roleRef, subjects } });
  return { namespace, token: await tokenOf(core, { namespace, serviceAccount: 'job' }) };
}

/** A Secret or ConfigMap by its name. */
export interface Place {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

/** Deletes those that are there. */
export async function remove(
  { admin }: Pick<Loopback, 'admin'>,
  places: readonly Place[],
): Promise<void> {
  for (const { kind, ...ref } of places) {
    const gone =
      kind === 'Secret' ? admin.deleteNamespacedSecret(ref) : admin.deleteNamespacedConfigMap(ref);
    await gone.catch((error: { code?: number }) => {
      if (error.code !== 404) throw error;
    });
  }
}
