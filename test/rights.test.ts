import { records } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import { beforeAll, describe, expect, it } from 'vitest';
import { argsInPod, type JobPod, jobPods, jobs, oncePods } from './jobs.ts';
import { type Manifest, ofKind } from './stack.ts';

const used = new Map<string, Set<string>>();

beforeAll(async () => {
  // All of them at once on one store, as one apply starts them: each waits for what the others make.
  const store = memoryStore();
  const ended = await Promise.all(oncePods.map((pod) => record(pod, store)));
  expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
}, 60_000);

async function record(pod: JobPod, store: ReturnType<typeof memoryStore>) {
  const requests = new Set<string>();
  used.set(pod.title, requests);
  const noting = recording(store, (request) => requests.add(showRequest(request)));
  const { env } = pod;
  const args = [...argsInPod(pod), '--timeout=40s'];
  const first = await runJob(jobs[pod.job]!(), noting, { args, env });
  if (first.status !== 0 || pod.job !== 'createtuf') return { title: pod.title, ...first };
  // Shortly before the certificates end, it warns as well.
  const now = () => new Date(Date.now() + 3_640 * 86_400_000);
  return { title: pod.title, ...(await runJob(jobs[pod.job]!(), noting, { args, env, now })) };
}

const kinds: Record<string, string> = {
  secrets: 'Secret',
  configmaps: 'ConfigMap',
  events: 'Event',
};

/** What the Roles that are bound to a service account allow, a line each. */
function granted({ namespace, serviceAccount }: JobPod): string[] {
  return ofKind('RoleBinding')
    .filter(({ subjects }) =>
      subjects.some(
        (subject: { name: string; namespace: string }) =>
          subject.name === serviceAccount && subject.namespace === namespace,
      ),
    )
    .flatMap(({ roleRef, metadata }) => {
      const role = ofKind('Role').find(
        (one) =>
          one.metadata.name === roleRef.name && one.metadata.namespace === metadata.namespace,
      );
      return rulesOf(role);
    });
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

describe('the Roles', () => {
  it.each(oncePods)('$title may do what it does, and nothing else', (pod) => {
    expect(granted(pod).sort()).toEqual([...used.get(pod.title)!].sort());
  });

  it('let the Job that the contract names make a record, and nobody else', () => {
    const writers = jobPods.flatMap((pod) =>
      granted(pod)
        .filter((line) => /^(create|patch) (Secret|ConfigMap) /.test(line))
        .map((line) => `${pod.job}: ${line.slice(line.indexOf(' ') + 1)}`),
    );
    const wanted = records.map(
      ({ kind, namespace, name, madeBy }) => `${madeBy}: ${kind} ${namespace}/${name}`,
    );
    expect([...new Set(writers)].sort()).toEqual(wanted.sort());
  });

  it('name every object that they speak of', () => {
    const nameless = ofKind('Role', 'ClusterRole').filter(({ rules }) =>
      rules.some((rule: { resourceNames?: string[] }) => !rule.resourceNames?.length),
    );
    expect(nameless).toEqual([]);
  });

  it('are bound to our Jobs only', () => {
    const accounts = new Set(
      jobPods.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
    );
    const bound = ofKind('RoleBinding').flatMap(({ subjects }) =>
      subjects.map(
        (subject: { name: string; namespace: string }) => `${subject.namespace}/${subject.name}`,
      ),
    );
    expect(bound.filter((account) => !accounts.has(account))).toEqual([]);
  });
});
