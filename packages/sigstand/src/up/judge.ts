import type { Failure } from '@sigstand/job/errors';
import { failureOf, saidIn } from '../rotate/make.ts';
import { endOf, isRolledOut } from '../rotate/objects.ts';
import { type KubeObject, titleOf } from './objects.ts';
import type { Container, Pod, WarningEvent } from './pods.ts';
import { containerBlock } from './pods.ts';

/** What a bring-up waits for, as it was applied. */
export interface Awaited {
  readonly object: KubeObject;
}

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
  readonly todo: string;
}

/** Which workloads are done, and what stands in the way of the others. */
export function judged(
  awaited: readonly KubeObject[],
  seen: Seen,
): { readonly done: string[]; readonly blocks: Block[] } {
  const done: string[] = [];
  const blocks: Block[] = [];
  for (const object of awaited) {
    const title = titleOf(object);
    const found = seen.workloads.get(title);
    // What was made anew, or changed, since the watch told of it.
    if (found === undefined || !isAsApplied(found, object)) continue;
    if (isDone(found)) done.push(title);
    else blocks.push(...blocksOf(found, title, seen));
  }
  return { done, blocks };
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

const rules = /violates PodSecurity|denied the request|denied request/;

/** Why a controller makes no Pod: a quota, a webhook, Pod Security, a service account. */
function notMade(
  object: KubeObject,
  title: string,
  { events, pods }: { events: readonly WarningEvent[]; pods: readonly Pod[] },
): Block[] {
  const message =
    object.kind === 'Deployment' ? replicaFailure(object) : failedCreate(object, { events, pods });
  if (message === undefined) return [];
  const why = message.replace(/^(Error creating: |create Pod .*? failed error: )/, '');
  const isRule = rules.test(why);
  const isQuota = /exceeded quota/.test(why);
  return [
    {
      ...{ title, reason: 'FailedCreate', hopeless: isRule },
      says: `no Pod of it is made: ${why}`,
      kind: isRule || isQuota ? 'data' : 'tryAgain',
      todo: isQuota
        ? 'raise the quota (manifests/README.md has the figures)'
        : 'change that rule, or let these namespaces out of it',
    },
  ];
}

function replicaFailure({ status }: KubeObject): string | undefined {
  const { conditions = [] } = (status ?? {}) as {
    conditions?: { type: string; status: string; message?: string }[];
  };
  return conditions.find((one) => one.type === 'ReplicaFailure' && one.status === 'True')?.message;
}

function failedCreate(
  object: KubeObject,
  { events, pods }: { events: readonly WarningEvent[]; pods: readonly Pod[] },
): string | undefined {
  if (pods.length > 0) return undefined;
  return events.findLast(
    (one) => one.reason === 'FailedCreate' && one.involvedObject?.uid === object.metadata.uid,
  )?.message;
}

/** Why the scheduler finds no node: a volume that is not bound, or no node with room. */
function unscheduled(pod: Pod, title: string, { claims, events }: Seen): Block[] {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False' || condition.message === undefined) return [];
  const claim = claims.find(
    (one) =>
      one.metadata.namespace === pod.metadata.namespace &&
      pod.spec?.volumes?.some(
        (volume) => volume.persistentVolumeClaim?.claimName === one.metadata.name,
      ) &&
      (one.status as { phase?: string } | undefined)?.phase !== 'Bound',
  );
  const told = claim && events.findLast((one) => one.involvedObject?.uid === claim.metadata.uid);
  if (claim && told) {
    const noClass = /no storage class is set/.test(told.message ?? '');
    return [
      {
        ...{ title, reason: told.reason ?? 'Pending', hopeless: noClass },
        says: `its volume is not bound, ${titleOf(claim)}: ${told.message}`,
        kind: noClass ? 'data' : 'unavailable',
        todo: noClass
          ? 'give the cluster a default StorageClass (kubectl get storageclass)'
          : 'see what the provisioner of its StorageClass says',
      },
    ];
  }
  // The scheduler says so for a moment of every volume.
  if (/unbound immediate PersistentVolumeClaims/.test(condition.message)) return [];
  return [
    {
      ...{ title, reason: condition.reason ?? 'Unschedulable', hopeless: false },
      says: `no node takes its Pod: ${condition.message}`,
      kind: 'unavailable',
      todo: 'give the cluster a node with room, or the stack smaller requests',
    },
  ];
}
