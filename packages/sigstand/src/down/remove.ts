import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@sigstand/job/errors';
import { type Access, ask, hasStatus } from '@sigstand/store/api';
import type { Kinds } from '../up/kinds.ts';
import { type KubeObject, titleOf } from '../up/objects.ts';
import { refused } from '../up/refused.ts';
import { atOnce } from './at-once.ts';
import { objectAt } from './look.ts';
import type { Wave } from './removal.ts';

export interface Removing {
  readonly access: Access;
  readonly kinds: Kinds;
  /** When to give up, in milliseconds since 1970. */
  readonly end: number;
  /** Told of each object that is gone. */
  readonly gone: (title: string) => void;
  /** Told once of what holds an object. */
  readonly waiting: (title: string, says: string) => void;
  readonly signal: AbortSignal;
}

// In milliseconds. A server goes on for five seconds when it is told to end, and all of them end at once.
const softPatience = 15_000;
const withPods = ['CronJob', 'Job', 'Deployment', 'StatefulSet', 'DaemonSet'];

/** Deletes all of a wave, and waits until it is gone with what belongs to it. @throws {JobError} */
export async function removeWave({ objects }: Wave, how: Removing): Promise<void> {
  const { access, kinds, gone, signal, end } = how;
  const tell = tellerOf(how);
  signal.throwIfAborted();
  await atOnce(objects, (one) => begin(one, how));
  for (let left = objects; ; ) {
    signal.throwIfAborted();
    const now = await atOnce(left, (one) => objectAt(access, kinds, one));
    const isStill = (one: KubeObject, index: number) =>
      one.metadata.uid === now[index]?.metadata.uid;
    const still = left.filter(isStill);
    for (const one of left) if (!still.includes(one)) gone(titleOf(one));
    left = still;
    if (left.length === 0) return;
    const held = now.filter((one) => one !== undefined).filter((one) => heldBy(one) !== '');
    tell(held);
    if (Date.now() > end) throw late(left, held);
    await sleep(200, undefined, { signal }).catch(() => {});
  }
}

/** Tells of what holds an object, once and not at once. */
function tellerOf({ waiting }: Removing): (held: readonly KubeObject[]) => void {
  const began = Date.now();
  const told = new Set<string>();
  return (held) => {
    if (Date.now() - began < softPatience) return;
    for (const one of held.filter((each) => !told.has(titleOf(each)))) {
      told.add(titleOf(one));
      waiting(titleOf(one), heldBy(one));
    }
  };
}

/** Deletes this object, and none that somebody made in its place meanwhile. */
async function begin(object: KubeObject, { access, kinds, signal }: Removing): Promise<void> {
  if (signal.aborted || object.metadata.deletionTimestamp) return;
  const { kind, metadata } = object;
  const content = {
    ...{ apiVersion: 'v1', kind: 'DeleteOptions' },
    propagationPolicy: withPods.includes(kind) ? 'Foreground' : 'Background',
    preconditions: { uid: metadata.uid },
  };
  const body = { type: 'application/json', content };
  try {
    await ask(access, { method: 'DELETE', path: kinds.at(object, metadata), body });
  } catch (error) {
    if (hasStatus(error, 404)) return;
    throw refused('delete', titleOf(object), error);
  }
}

/** The finalizer of what is deleted after all that it made. */
const foreground = 'foregroundDeletion';
/** What it made, where that is no Pods. */
const madeBy: Readonly<Record<string, string>> = { CronJob: 'Jobs' };

/** Who has to let an object go. */
function heldBy({ kind, metadata, status }: KubeObject): string {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly Condition[] };
  const reasons = conditions.filter((one) => kind === 'Namespace' && one.status === 'True');
  const all = metadata.finalizers ?? [];
  const others = all.filter((one) => one !== foreground).join(', ');
  return [
    ...(all.includes(foreground) ? [`its ${madeBy[kind] ?? 'Pods'} are not gone yet`] : []),
    ...(others ? [`its finalizers are ${others}`] : []),
    ...reasons.map(({ message = '' }) => message),
  ].join('; ');
}

interface Condition {
  readonly status?: string;
  readonly message?: string;
}

function late(left: readonly KubeObject[], held: readonly KubeObject[]): JobError {
  const why = new Map(held.map((one) => [titleOf(one), heldBy(one)]));
  const named = left.slice(0, 5).map((one) => {
    const reason = why.get(titleOf(one));
    return reason ? `${titleOf(one)} (${reason})` : titleOf(one);
  });
  const more = left.length > 5 ? ` and ${left.length - 5} more` : '';
  return new JobError('unavailable', `not gone in time: ${named.join(', ')}${more}`, {
    hint: 'see that the controllers that hold them run; then run it again: it goes on',
  });
}
