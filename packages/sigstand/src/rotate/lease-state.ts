/** A Lease of coordination.k8s.io, as far as it is read here. */
export interface Lease {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

const seconds = 60;

/** How often a holder renews a lease, in milliseconds. */
export const renewal = 15_000;

/** Whose a lease is: ours, somebody else's, or free for whoever takes it. */
export function standing(
  lease: Lease | undefined,
  { holder, now }: { holder: string; now: Date },
): 'ours' | 'held' | 'free' {
  const { holderIdentity = '', leaseDurationSeconds = seconds, renewTime } = lease?.spec ?? {};
  if (holderIdentity === '') return 'free';
  if (holderIdentity === holder) return 'ours';
  const end = Date.parse(renewTime ?? '') + leaseDurationSeconds * 1_000;
  // Without a time nobody can know that it is over.
  return end <= now.getTime() ? 'free' : 'held';
}

/**
 * For how many milliseconds more a lease is held whose holder is gone; none, where the holder may be at work. Who lives
 * renews it more often than that.
 */
export function lapseOf(lease: Lease | undefined, now: Date): number | undefined {
  const { leaseDurationSeconds = seconds, renewTime } = lease?.spec ?? {};
  const age = now.getTime() - Date.parse(renewTime ?? '');
  return age > renewal + 10_000 ? leaseDurationSeconds * 1_000 - age : undefined;
}

/** The lease as it is to be written over the one that was read; the API server refuses it where that changed. */
export function leaseFor(
  before: Lease | undefined,
  {
    namespace,
    name,
    holder,
    now,
    renewing,
  }: { namespace: string; name: string; holder: string; now: Date; renewing: boolean },
): object {
  // MicroTime has six digits.
  const time = now.toISOString().replace('Z', '000Z');
  const { acquireTime = time, leaseTransitions = 0 } = before?.spec ?? {};
  const { resourceVersion } = before?.metadata ?? {};
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name, ...(resourceVersion && { resourceVersion }) },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: seconds,
      acquireTime: renewing ? acquireTime : time,
      renewTime: time,
      leaseTransitions: renewing || before === undefined ? leaseTransitions : leaseTransitions + 1,
    },
  };
}
