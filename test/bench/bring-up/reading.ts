import { isConfigError } from '../../cluster/rig.ts';
import { condition, fullName } from './lanes.ts';
import type { Change, ContainerStatus, Watched } from './watch.ts';

/** What one bring-up was, from the first apply on. */
export interface Reading {
  /** Milliseconds until a blob was signed and verified. */
  readonly verified: number;
  /** Until the last Job was Complete. */
  readonly jobs: number;
  /** Until the Secret tuf-root was there, by which clients can trust the stack. */
  readonly tufRoot: number;
  readonly waste: Waste;
  /** What the Events say that are counted as waste. */
  readonly complaints: readonly string[];
}

/** What a clean bring-up has none of. */
export interface Waste {
  readonly failedPods: number;
  readonly restarts: number;
  /** How often a container was not created for a Secret or ConfigMap, or a key in it, that was not there. */
  readonly configErrors: number;
  /** How often a volume could not be mounted, for the same reason. */
  readonly failedMounts: number;
}

/** @throws {Error} Where what must have happened did not. */
export function reading(changes: readonly Change[], applied: number, verified: number): Reading {
  const jobs = new Map<string, number | undefined>();
  for (const { at, object } of changes.filter(({ object }) => object.kind === 'Job')) {
    const name = fullName(object);
    jobs.set(name, jobs.get(name) ?? (condition(object, 'Complete') ? at : undefined));
  }
  const waiting = [...jobs].filter(([, at]) => at === undefined).map(([name]) => name);
  if (jobs.size === 0 || waiting.length > 0)
    throw new Error(`these Jobs were never Complete: ${waiting.join(', ') || 'there were none'}`);
  const root = changes.find(
    ({ object }) =>
      object.kind === 'Secret' &&
      fullName(object) === 'tuf-system/tuf-root' &&
      object.data?.root !== undefined,
  );
  if (!root) throw new Error('the Secret tuf-system/tuf-root never came');
  const done = [...jobs.values()].map((at) => at ?? Number.NaN);
  return {
    verified: verified - applied,
    jobs: Math.max(...done) - applied,
    tufRoot: root.at - applied,
    waste: wasteOf(changes),
    complaints: complaints(changes),
  };
}

/** Counted from a watch, which sees what is gone at the end: a Pod that failed and was collected counts. */
export function wasteOf(changes: readonly Change[]): Waste {
  const pods = changes.map(({ object }) => object).filter(({ kind }) => kind === 'Pod');
  const failed = pods.filter(({ status }) => status?.phase === 'Failed');
  const events = lastEvents(changes);
  return {
    failedPods: new Set(failed.map(({ metadata }) => metadata.uid)).size,
    restarts: restarts(pods),
    configErrors: times(events.filter(isConfigError)),
    failedMounts: times(events.filter(isFailedMount)),
  };
}

function restarts(pods: readonly Watched[]): number {
  const most = new Map<string, number>();
  for (const { metadata, status = {} } of pods) {
    const all: readonly ContainerStatus[] = [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
    ];
    for (const { name, restartCount } of all) {
      const container = `${metadata.uid} ${name}`;
      most.set(container, Math.max(most.get(container) ?? 0, restartCount));
    }
  }
  return [...most.values()].reduce((sum, count) => sum + count, 0);
}

function isFailedMount({ reason }: Watched): boolean {
  return reason === 'FailedMount';
}

/** Every Event as it was at last: one that happens again counts up. */
function lastEvents(changes: readonly Change[]): Watched[] {
  const last = new Map(changes.map(({ object }) => [object.metadata.uid, object]));
  return [...last.values()].filter(({ kind }) => kind === 'Event');
}

function complaints(changes: readonly Change[]): string[] {
  return lastEvents(changes)
    .filter((event) => isConfigError(event) || isFailedMount(event))
    .map(
      ({ involvedObject: { namespace, name } = { name: '' }, message, count = 1 }) =>
        `${namespace}/${name}: ${message} (${count} times)`,
    );
}

function times(events: readonly Watched[]): number {
  return events.reduce((sum, { count = 1 }) => sum + count, 0);
}
