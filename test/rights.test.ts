import { records } from '@sigstand/contracts/records';
import { beforeAll, describe, expect, it } from 'vitest';
import { jobPods, oncePods } from './jobs.ts';
import { type Done, granted, runAll } from './rights.ts';
import { manifests, ofKind } from './stack.ts';

let done: Done;
beforeAll(async () => {
  done = await runAll(oncePods);
}, 60_000);

describe('the Roles', () => {
  it.each(oncePods)('$title may do what it does, and nothing else', (pod) => {
    expect(granted(pod, manifests).sort()).toEqual([...done.used.get(pod.title)!].sort());
  });

  it('let the Job that the contract names make a record, and nobody else', () => {
    const writers = jobPods.flatMap((pod) =>
      granted(pod, manifests)
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
