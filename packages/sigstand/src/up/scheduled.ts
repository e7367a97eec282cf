import type { Block, Seen } from './judge.ts';
import { type KubeObject, titleOf } from './objects.ts';
import type { Pod, WarningEvent } from './pods.ts';

/** Why a Pod has no node: a volume that is not bound, or no node with room. */
export function unscheduled(pod: Pod, title: string, { claims, events }: Seen): Block[] {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status === 'True' || phaseOf(pod) !== 'Pending') return [];
  const { message, reason = 'Unschedulable' } = condition ?? {};
  // Of a volume the scheduler says so for a moment, or nothing, and less than the volume's own controller.
  if (message !== undefined && !/persistentvolumeclaim|storageclass/i.test(message)) {
    return [
      {
        ...{ title, reason, hopeless: false, kind: 'unavailable' },
        says: `no node takes its Pod: ${message}`,
        todo: /untolerated taint/.test(message)
          ? "take the nodes' taint away, or let the stack tolerate it (tolerations of the chart)"
          : 'give the cluster a node with room, or the stack smaller requests',
      },
    ];
  }
  const claim = claims.find((one) => isOf(pod, one) && phaseOf(one) !== 'Bound');
  if (claim === undefined) return [];
  const told = events.filter(
    ({ involvedObject, reason }) =>
      // That it waits for its Pod is no news.
      involvedObject?.uid === claim.metadata.uid && reason !== 'WaitForFirstConsumer',
  );
  const warned = told.findLast(({ type }) => type === 'Warning');
  return [unbound(claim, title, warned ?? told.at(-1))];
}

function isOf({ metadata, spec }: Pod, claim: KubeObject): boolean {
  if (claim.metadata.namespace !== metadata.namespace) return false;
  const volumes = spec?.volumes ?? [];
  return volumes.some((one) => one.persistentVolumeClaim?.claimName === claim.metadata.name);
}

/** A Pod has one from the moment that somebody looks at it. */
const phaseOf = ({ status }: KubeObject) =>
  (status as { phase?: string } | undefined)?.phase ?? 'Pending';

function unbound(claim: KubeObject, title: string, told: WarningEvent | undefined): Block {
  const says = `its volume is not bound, ${titleOf(claim)}: `;
  const { storageClassName: name } = (claim.spec ?? {}) as { storageClassName?: string };
  const { reason = 'Pending', message = '' } = told ?? {};
  if (/no storage class is set/.test(message)) {
    return {
      ...{ title, reason, hopeless: true, kind: 'data', says: says + message },
      todo: 'give the cluster a default StorageClass (kubectl get storageclass)',
    };
  }
  if (told?.type === 'Warning') {
    const isUnknown = /storageclass\S* "[^"]*" not found/.test(message);
    return {
      ...{ title, reason, hopeless: isUnknown, says: says + message },
      kind: isUnknown ? 'data' : 'unavailable',
      todo: isUnknown ? 'make that StorageClass, or name another in the manifests' : provisioner,
    };
  }
  // To make one takes its time; nobody may be there to do it.
  return {
    ...{ title, reason: 'Pending', hopeless: false, kind: 'unavailable', quiet: 10_000 },
    says: says + (message || `StorageClass ${name ?? ''} has given none yet`),
    todo: provisioner,
  };
}

const provisioner = 'see what the provisioner of its StorageClass says, and whether it runs';
