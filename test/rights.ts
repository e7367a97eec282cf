import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import type { Store } from '@sigstand/store/store';
import { argsInPod, type JobPod, jobs } from './jobs.ts';
import type { Manifest } from './stack.ts';

/** What the Jobs of a stack did. */
export interface Done {
  /** By the title of a Job's Pod, what it asked its store for. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
  /** The addresses of Trillian that they were seen to connect to. */
  readonly addresses: ReadonlySet<string>;
  readonly store: Store;
}

/**
 * Runs all Jobs at once on one store in memory, as one apply starts them: each waits for what the others make.
 *
 * @throws {Error} With what they said, where one of them fails.
 */
export async function runAll(pods: readonly JobPod[]): Promise<Done> {
  const done = {
    used: new Map<string, Set<string>>(),
    addresses: new Set<string>(),
    store: memoryStore(),
  };
  const { trillian } = memoryTrillian();
  const connect = (address: string) => {
    done.addresses.add(address);
    return trillian;
  };
  const run = async (pod: JobPod) => {
    const requests = new Set<string>();
    done.used.set(pod.title, requests);
    const noting = recording(done.store, (request) => requests.add(showRequest(request)));
    const job = () =>
      pod.job === 'createtree' ? createTree({ connect, newToken }) : jobs[pod.job]!();
    const told = { args: [...argsInPod(pod), '--timeout=40s'], env: pod.env };
    const first = await runJob(job(), noting, told);
    if (first.status !== 0 || pod.job !== 'createtuf') return { title: pod.title, ...first };
    // Shortly before the certificates end, it warns as well.
    const now = () => new Date(Date.now() + 3_640 * 86_400_000);
    return { title: pod.title, ...(await runJob(job(), noting, { ...told, now })) };
  };
  const failed = (await Promise.all(pods.map(run))).filter(({ status }) => status !== 0);
  if (failed.length > 0) throw new Error(JSON.stringify(failed, undefined, 2));
  return done;
}

const kinds: Record<string, string> = {
  secrets: 'Secret',
  configmaps: 'ConfigMap',
  events: 'Event',
};

/** What the Roles that are bound to a Pod's service account allow, a line each. */
export function granted(
  { namespace, serviceAccount }: JobPod,
  objects: readonly Manifest[],
): string[] {
  type Subject = { readonly name: string; readonly namespace: string };
  const lines = objects
    .filter(
      ({ kind, subjects }) =>
        kind === 'RoleBinding' &&
        subjects.some((one: Subject) => one.name === serviceAccount && one.namespace === namespace),
    )
    .flatMap(({ roleRef, metadata }) => {
      const role = objects.find(
        (one) =>
          one.kind === 'Role' &&
          one.metadata.name === roleRef.name &&
          one.metadata.namespace === metadata.namespace,
      );
      return rulesOf(role);
    });
  // In one namespace two Roles may say the same.
  return [...new Set(lines)];
}

function rulesOf(role: Manifest | undefined): string[] {
  type Rule = { resources: string[]; resourceNames?: string[]; verbs: string[] };
  const rules: Rule[] = role?.rules ?? [];
  return rules.flatMap(({ resources, resourceNames = ['*'], verbs }) =>
    verbs.flatMap((verb) =>
      resources.flatMap((resource) =>
        resourceNames.map(
          (one) => `${verb} ${kinds[resource] ?? resource} ${role?.metadata.namespace}/${one}`,
        ),
      ),
    ),
  );
}
