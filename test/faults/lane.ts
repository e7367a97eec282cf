import { CoreV1Api } from '@kubernetes/client-node';
import { run } from '../cluster/rig.ts';
import { type JobPod, oncePods } from '../jobs.ts';
import { binary } from '../programs/binaries.ts';
import { tokenOf } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { ofKind } from '../stack.ts';

/**
 * The stack's namespaces, service accounts and Roles as the manifests have them, under names of their
 * own: many lanes fit on one API server, and what one does the others do not see.
 */
export interface Lane {
  readonly name: string;
  /** The Jobs as the manifests run them, in this lane's namespaces. */
  readonly jobs: readonly LaneJob[];
  readonly admin: CoreV1Api;
  /** The lane's name of one of the stack's namespaces. */
  namespace(of: string): string;
  job(title: string): LaneJob;
}

export interface LaneJob {
  /** Such as `rekor-system/createsecret`. */
  readonly title: string;
  readonly job: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A token of its service account, with the rights that the manifests give. */
  readonly token: string;
}

const titleOf = ({ namespace, owner }: JobPod) => `${namespace}/${owner.metadata.name}`;

/** The Jobs of the manifests, such as `rekor-system/createsecret`. */
export const jobTitles: readonly string[] = oncePods.map(titleOf);

/** The namespaces of the manifests, under their own names. */
export const stackNamespaces: readonly string[] = ofKind('Namespace').map(
  ({ metadata }) => metadata.name,
);

const namespaces = /\b(trillian|rekor|fulcio|ctlog|tsa|tuf)-system\b/g;

/** A text with the stack's namespaces ending in `-NAME` instead of `-system`. */
export function renamed(text: string, name: string): string {
  return text.replace(namespaces, `$1-${name}`);
}

/** @throws {Error} Where the API server does not take the manifests. */
export async function openLane(name: string, kubeconfig: string): Promise<Lane> {
  const mine = (text: string) => renamed(text, name);
  const items = ofKind('Namespace', 'ServiceAccount', 'Role', 'RoleBinding');
  const list = mine(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const applied = await run(
    binary('kubectl'),
    ['--kubeconfig', kubeconfig, 'apply', '--server-side', '--validate=ignore', '-f', '-'],
    { input: list },
  );
  if (applied.status !== 0) throw new Error(`lane ${name}: ${applied.stderr}`);

  const config = kubeconfigAt(kubeconfig);
  const admin = config.makeApiClient(CoreV1Api);
  const jobs = await Promise.all(
    oncePods.map(async (pod): Promise<LaneJob> => {
      const namespace = mine(pod.namespace);
      const { job, serviceAccount } = pod;
      return {
        title: titleOf(pod),
        job,
        namespace,
        serviceAccount,
        args: pod.args.map(mine),
        env: withValues(pod.env, mine),
        token: await tokenOf(admin, { namespace, serviceAccount }),
      };
    }),
  );
  return {
    name,
    jobs,
    admin,
    namespace: mine,
    job: (title) => {
      const found = jobs.find((one) => one.title === title);
      if (found === undefined) throw new Error(`no Job ${title} in the manifests`);
      return found;
    },
  };
}

/** An environment with each value as `change` makes it. */
export function withValues(
  env: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, change(value)]));
}
