import type { RuntimeEvent } from './containers.ts';
import type { Change, ContainerStatus, Watched } from './watch.ts';

/** What became of one container; all times are milliseconds since the apply. */
export interface ContainerLane {
  readonly name: string;
  readonly init: boolean;
  readonly restarts: number;
  readonly started?: number;
  readonly exited?: number;
  readonly ready?: number;
}

/** What became of one Pod. */
export interface Lane {
  readonly pod: string;
  readonly created: number;
  readonly scheduled?: number;
  /** When its sandbox ran: its volumes are mounted then, its network is there. */
  readonly sandbox?: number;
  readonly containers: readonly ContainerLane[];
  readonly ready?: number;
  readonly phase: string;
}

/** Something that others wait for: an object with a key, a Job that is Complete. */
export interface Mark {
  readonly at: number;
  readonly what: string;
}

export const fullName = ({ metadata }: Watched) => `${metadata.namespace}/${metadata.name}`;

/** The Pods in the order in which they were made. */
export function lanes(
  changes: readonly Change[],
  runtime: readonly RuntimeEvent[],
  applied: number,
): Lane[] {
  const pods = changes.filter(({ object }) => object.kind === 'Pod');
  const byUid = Map.groupBy(pods, ({ object }) => object.metadata.uid);
  return [...byUid.values()]
    .map((history) => laneOf(history, runtime, applied))
    .sort((a, b) => a.created - b.created);
}

function laneOf(
  history: readonly Change[],
  runtime: readonly RuntimeEvent[],
  applied: number,
): Lane {
  const last = history.at(-1)!.object;
  const first = (test: (object: Watched) => boolean) => {
    const found = history.find(({ object }) => test(object));
    return found && found.at - applied;
  };
  const ran = (kind: RuntimeEvent['kind'], of: string | undefined) => {
    const found = runtime.find((event) => event.kind === kind && event.of === of);
    return found && found.at - applied;
  };
  const containers = (init: boolean) =>
    statuses(last, init).map(({ name, containerID, restartCount }) => {
      const id = containerID?.replace('containerd://', '');
      const same = (status: ContainerStatus) => status.name === name;
      return given({
        name,
        init,
        restarts: restartCount,
        // A restart took the first id away; where nothing was listened to, the status' arrival has to do.
        started:
          ran('started', id) ??
          first((pod) => statuses(pod, init).find(same)?.containerID !== undefined),
        exited:
          ran('exited', id) ??
          first((pod) => statuses(pod, init).find(same)?.state?.terminated !== undefined),
        ready: first((pod) => statuses(pod, init).find(same)?.ready === true),
      });
    });
  return given({
    pod: fullName(last),
    created: history[0]!.at - applied,
    scheduled: first((pod) => condition(pod, 'PodScheduled')),
    sandbox: ran('sandbox', fullName(last)),
    containers: [...containers(true), ...containers(false)],
    ready: first((pod) => condition(pod, 'Ready')),
    phase: last.status?.phase ?? '',
  });
}

/** Without the keys that have no value. */
function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function statuses({ status = {} }: Watched, init: boolean): readonly ContainerStatus[] {
  return (init ? status.initContainerStatuses : status.containerStatuses) ?? [];
}

export function condition({ status = {} }: Watched, type: string): boolean {
  return (status.conditions ?? []).some((one) => one.type === type && one.status === 'True');
}

/** The first time of every set of keys of every Secret and ConfigMap, and of every Job's and Deployment's end of waiting. */
export function marks(changes: readonly Change[], applied: number): Mark[] {
  const seen = new Map<string, number>();
  for (const { at, object } of changes) {
    for (const what of marksOf(object)) if (!seen.has(what)) seen.set(what, at - applied);
  }
  return [...seen].map(([what, at]) => ({ at, what })).sort((a, b) => a.at - b.at);
}

function marksOf(object: Watched): string[] {
  const { kind, data = {} } = object;
  const name = `${kind} ${fullName(object)}`;
  if (kind === 'Secret' || kind === 'ConfigMap') {
    if (object.metadata.name === 'kube-root-ca.crt') return [];
    const keys = Object.keys(data).filter((key) => data[key] !== '');
    return keys.length > 0
      ? [`${name}: ${keys.length > 6 ? `${keys.length} keys` : keys.join(', ')}`]
      : [];
  }
  if (kind === 'Job' && condition(object, 'Complete')) return [`${name} Complete`];
  if (kind === 'Job' && condition(object, 'Failed')) return [`${name} Failed`];
  if (kind === 'Deployment' && condition(object, 'Available')) return [`${name} Available`];
  return [];
}
