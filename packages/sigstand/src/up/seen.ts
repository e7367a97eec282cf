import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, ask, hasStatus, mayPass, metadataOnly } from '@sigstand/store/api';
import type { Seen } from './judge.ts';
import { corePath } from './kinds.ts';
import { type KubeObject, part, titleOf } from './objects.ts';
import type { Pod, WarningEvent } from './pods.ts';
import { refused } from './refused.ts';
import { type Watched, type Watcher, watching } from './watch.ts';

/** What a cluster is seen to have, kept by watches. */
export interface Sight {
  readonly seen: () => Seen;
  /** Whether a record or an account is there. */
  readonly has: (title: string) => boolean;
  /** Looks for records that the watches cannot tell of, since somebody made them without the stack's label. */
  readonly lookFor: (titles: readonly string[]) => Promise<void>;
  /** Resolves at the next change, or after a while. */
  readonly change: () => Promise<void>;
  /** Rejects where a watch cannot go on. */
  readonly lost: Promise<never>;
}

const labelled = { labelSelector: `${part.label}=${part.value}` };
const workloads: readonly (readonly [string, readonly string[]])[] = [
  ['Job', ['apis', 'batch', 'v1', 'jobs']],
  ['Deployment', ['apis', 'apps', 'v1', 'deployments']],
  ['StatefulSet', ['apis', 'apps', 'v1', 'statefulsets']],
];

/** Watches what a bring-up has to know, until the signal comes. */
export function sightOf(access: Access, signal: AbortSignal): Sight {
  const found = {
    workloads: new Map<string, KubeObject>(),
    pods: new Map<string, KubeObject>(),
    claims: new Map<string, KubeObject>(),
    events: new Map<string, KubeObject>(),
    records: new Map<string, KubeObject>(),
  };
  let wake = () => {};
  let changed = false;
  const tell = () => {
    changed = true;
    wake();
  };
  const watches: Promise<void>[] = [];
  const watch = (kind: string, watched: Watched, into: Map<string, KubeObject>) => {
    const mine = new Set<string>();
    const put = (object: KubeObject, there: boolean) => {
      // Of a list without full objects, each says a kind of its own.
      const title = titleOf({ ...object, kind });
      if (there) into.set(title, { ...object, kind });
      else into.delete(title);
      if (there) mine.add(title);
      tell();
    };
    const watcher: Watcher = {
      begun() {
        for (const title of mine) into.delete(title);
        mine.clear();
      },
      is: (object) => put(object, true),
      gone: (object) => put(object, false),
    };
    watches.push(watching(access, watched, { watcher, signal }));
  };
  const core = (kind: string, query: Record<string, string>) => ({ path: corePath(kind), query });
  const named = (name: string) => ({ fieldSelector: `metadata.name=${name}` });

  for (const [kind, path] of workloads) watch(kind, { path, query: labelled }, found.workloads);
  watch('Pod', core('Pod', labelled), found.pods);
  watch('Claim', core('PersistentVolumeClaim', labelled), found.claims);
  watch('Event', core('Event', { fieldSelector: 'type=Warning' }), found.events);
  // Why a volume is not bound is no warning to Kubernetes.
  const ofClaims = { fieldSelector: 'type=Normal,involvedObject.kind=PersistentVolumeClaim' };
  watch('Event', core('Event', ofClaims), found.events);
  for (const kind of ['Secret', 'ConfigMap']) {
    watch(kind, { ...core(kind, labelled), accept: metadataOnly }, found.records);
  }
  const root = { ...core('ConfigMap', named('kube-root-ca.crt')), accept: metadataOnly };
  watch('ConfigMap', root, found.records);
  const account = { ...core('ServiceAccount', named('default')), accept: metadataOnly };
  watch('ServiceAccount', account, found.records);

  return {
    seen: () => ({
      workloads: found.workloads,
      pods: [...found.pods.values()] as Pod[],
      claims: [...found.claims.values()].map((one) => ({ ...one, kind: 'PersistentVolumeClaim' })),
      events: [...found.events.values()] as unknown as WarningEvent[],
    }),
    has: (title) => found.records.has(title),
    async lookFor(titles) {
      for (const title of titles) {
        const there = await metadataOf(access, title);
        if (there) found.records.set(title, there);
      }
      if (titles.some((title) => found.records.has(title))) tell();
    },
    async change() {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      // What came while nobody waited counts, too.
      if (!changed) await Promise.race([promise, pause(signal)]);
      changed = false;
    },
    lost: Promise.all(watches).then(() => new Promise<never>(() => {})),
  };
}

function pause(signal: AbortSignal): Promise<void> {
  return sleep(1_000, undefined, { signal }).catch(() => {});
}

async function metadataOf(access: Access, title: string): Promise<KubeObject | undefined> {
  const [kind = '', place = ''] = title.split(' ');
  const [namespace = '', name = ''] = place.split('/');
  const [api, version, plural = ''] = corePath(kind);
  const path = [api ?? '', version ?? '', 'namespaces', namespace, plural, name];
  try {
    return (await ask(access, { method: 'GET', path, accept: metadataOnly })) as KubeObject;
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    // It is looked for again in a moment.
    if (mayPass(error)) return undefined;
    throw refused('get', title, error);
  }
}
