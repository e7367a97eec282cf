import type { Failure } from '@sigstand/job/errors';
import { failureOf, saidIn } from '../job-end.ts';
import { endOf, isRolledOut } from '../rotate/objects.ts';
import { notMade } from './not-made.ts';
import { type KubeObject, titleOf } from './objects.ts';
import type { Container, Pod, WarningEvent } from './pods.ts';
import { containerBlock } from './pods.ts';
import { unscheduled } from './scheduled.ts';

/** What the watches have told. */
export interface Seen {
  /** Jobs, Deployments and StatefulSets by their titles. */
  readonly workloads: ReadonlyMap<string, KubeObject>;
  readonly pods: readonly Pod[];
  readonly claims: readonly KubeObject[];
  readonly events: readonly WarningEvent[];
}

/** What stands in the way. */
export interface Block {
  /** The workload that waits. */
  readonly title: string;
  /** One word, which stays while the words of `says` may change. */
  readonly reason: string;
  readonly says: string;
  readonly kind: Failure;
  /** Whether waiting is of no use. */
  readonly hopeless: boolean;
  /** Milliseconds in which it is no news, and in which it may pass; a minute where that is not said. */
  readonly quiet?: number;
  readonly patience?: number;
  readonly todo: string;
}

/** What became of the workloads, by their titles. */
export interface Judged {
  readonly done: string[];
  /** Those that have done their work: those that are done, and Jobs which Kubernetes has yet to call Complete. */
  readonly worked: string[];
  /** What stands in the way of those that are not done. */
  readonly blocks: Block[];
}

/** Judges the workloads as they were applied. */
export function judged(awaited: readonly KubeObject[], seen: Seen): Judged {
  const done: string[] = [];
  const worked: string[] = [];
  const blocks: Block[] = [];
  for (const object of awaited) {
    const title = titleOf(object);
    const found = seen.workloads.get(title);
    // What was made anew, or changed, since the watch told of it.
    if (found === undefined || !isAsApplied(found, object)) continue;
    const isOver = isDone(found);
    if (isOver) done.push(title);
    else blocks.push(...blocksOf(found, title, seen));
    if (isOver || hasEnded(found, seen.pods)) worked.push(title);
  }
  return { done, worked, blocks };
}

/** Whether a Job's Pod has ended well. Until the Job is Complete, Kubernetes takes one to three seconds more. */
function hasEnded(object: KubeObject, pods: readonly Pod[]): boolean {
  if (object.kind !== 'Job') return false;
  return pods.some((pod) => {
    const owned = pod.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid);
    const { containerStatuses = [] } = pod.status ?? {};
    const isWell = containerStatuses.every(({ state }) => state?.terminated?.exitCode === 0);
    return owned === true && isWell && containerStatuses.length > 0;
  });
}

function isAsApplied({ metadata }: KubeObject, applied: KubeObject): boolean {
  if (metadata.uid !== applied.metadata.uid) return false;
  return (metadata.generation ?? 0) >= (applied.metadata.generation ?? 0);
}

function isDone(object: KubeObject): boolean {
  if (object.kind === 'Job') return endOf(object as never) === 'done';
  if (object.kind === 'Deployment') return isRolledOut(object as never);
  const { replicas = 1 } = (object.spec ?? {}) as { replicas?: number };
  const status = (object.status ?? {}) as StatefulSetStatus;
  if ((status.observedGeneration ?? 0) < (object.metadata.generation ?? 0)) return false;
  const isRolled = status.currentRevision === status.updateRevision;
  return isRolled && (status.readyReplicas ?? 0) >= replicas;
}

interface StatefulSetStatus {
  readonly observedGeneration?: number;
  readonly readyReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
}

function blocksOf(object: KubeObject, title: string, seen: Seen): Block[] {
  const pods = seen.pods.filter((pod) => isPodOf(pod, object));
  if (object.kind === 'Job' && endOf(object as never) === 'failed') {
    return [failedJob(object, title, pods)];
  }
  const open = pods.filter(({ status }) => status?.phase !== 'Succeeded');
  return [
    ...notMade(object, title, { events: seen.events, pods }),
    ...open.flatMap((pod) => [
      ...containersOf(pod).flatMap((one) => containerBlock(one, { title, object, pod })),
      ...unscheduled(pod, title, seen),
    ]),
  ];
}

function containersOf({ status = {} }: Pod): Container[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
}

/** A Pod of a Deployment belongs to a ReplicaSet, which has the Deployment's name and a hash. */
function isPodOf({ metadata }: Pod, { kind, metadata: { namespace, name } }: KubeObject): boolean {
  if (metadata.namespace !== namespace || metadata.deletionTimestamp) return false;
  return (metadata.ownerReferences ?? []).some((owner) =>
    kind === 'Deployment'
      ? owner.kind === 'ReplicaSet' && owner.name.replace(/-[a-z0-9]+$/, '') === name
      : owner.kind === kind && owner.name === name,
  );
}

function failedJob(object: KubeObject, title: string, pods: readonly Pod[]): Block {
  const ends = pods.flatMap((pod) =>
    containersOf(pod).flatMap(({ state }) => state?.terminated ?? []),
  );
  const { exitCode, message = '' } = ends.at(-1) ?? {};
  const { status } = object as { status?: { conditions?: { type: string; message?: string }[] } };
  const why = status?.conditions?.find(({ type }) => type === 'Failed')?.message ?? '';
  const { message: said, hint } = saidIn(message);
  const { namespace, name } = object.metadata;
  return {
    ...{ title, reason: 'Failed', hopeless: true },
    says: exitCode === undefined ? `it failed: ${why}` : `it failed: ${said}`,
    kind: exitCode === undefined ? 'unavailable' : failureOf(exitCode),
    todo: hint || `kubectl logs -n ${namespace} job/${name} may have more; run it again then`,
  };
}
