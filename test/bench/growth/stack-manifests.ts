import { records } from '@sigstand/contracts/records';
import { show } from '@sigstand/store/store';
import type { StoredObject } from '../../faults/history.ts';
import { renamed } from '../../faults/lane.ts';
import { type Manifest, ofKind } from '../../stack.ts';
import type { StackObjects } from './cross-talk.ts';

/** The label of what belongs to one trial of many stacks. */
export const trialLabel = 'sigstand.dev/trial';

export interface StackManifests {
  /** Namespaces, service accounts, rights and what Jobs are told by ConfigMaps. */
  readonly ground: readonly Manifest[];
  readonly jobs: readonly Manifest[];
}

/** The Jobs of a stack whose namespaces end in `-NAME` instead of `-system`, and what they need. */
export function stackNamed(name: string, trial: string): StackManifests {
  const mine = (objects: readonly Manifest[]) =>
    JSON.parse(renamed(JSON.stringify(objects), name)) as Manifest[];
  return {
    ground: mine(ofKind('Namespace', 'ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap')),
    jobs: mine(ofKind('Job').map((job) => told(job, trial))),
  };
}

function told(job: Manifest, trial: string): Manifest {
  const copy = structuredClone(job) as Manifest;
  const { template } = copy.spec;
  template.metadata.labels = { ...template.metadata.labels, [trialLabel]: trial };
  const labels = { ...copy.metadata.labels, [trialLabel]: trial };
  return { ...copy, metadata: { ...copy.metadata, labels } };
}

/** What became of the Jobs of some stacks. */
export interface Outcome {
  /** From the first Job that was asked for to the last one that was done. */
  readonly seconds: number;
  /** Runs that ended with another status than 0. */
  readonly failed: number;
  /** Requests for Secrets and ConfigMaps that the API server answered with 409. */
  readonly conflicts: number;
  /** What one stack has of another. */
  readonly crossed: readonly string[];
}

/** The records of a stack, by the first word of their namespaces. */
export const stackRecords: readonly string[] = records.map((record) =>
  show({ ...record, namespace: record.namespace.replace('-system', '') }),
);

/** How often an API server has answered 409 to a request for a Secret or ConfigMap, by its metrics. */
export function conflictsIn(metrics: string): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{') && line.includes('code="409"'))
    .filter((line) => /resource="(secrets|configmaps)"/.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** The objects of each stack, by the end of their namespaces. */
export function byStack(
  names: readonly string[],
  objects: readonly StoredObject[],
): StackObjects[] {
  return names.map((name) => ({
    name,
    objects: objects.filter(({ metadata }) => metadata.namespace.endsWith(`-${name}`)),
  }));
}
