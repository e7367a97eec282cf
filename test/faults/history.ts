import { randomUUID } from 'node:crypto';
import { get, type RequestOptions } from 'node:https';
import { createInterface } from 'node:readline';
import type { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { kubeconfigAt } from '../programs/kubeconfig.ts';

/** A Secret or ConfigMap as the API server told of it. */
export interface StoredObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly object[];
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject;
}

/** An object's place, as `Secret rekor-x/rekor-pub-key`. */
export function placeOf({ kind, metadata }: StoredObject): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

/** Every version that the Secrets and ConfigMaps of some namespaces have had since it was opened. */
export interface History {
  /** Waits until all that has happened so far is in it; resolves to the number of events. */
  mark(): Promise<number>;
  /** The events after a mark, in the order in which they happened to each object. */
  since(mark: number): readonly Event[];
  /** What is stored after the last of them, by place. */
  state(): Map<string, StoredObject>;
  close(): void;
}

/** Watches the Secrets and ConfigMaps of the namespaces that `of` takes. */
export async function openHistory(
  kubeconfig: string,
  admin: CoreV1Api,
  of: (namespace: string) => boolean,
): Promise<History> {
  const config = kubeconfigAt(kubeconfig);
  const sentinel = { namespace: 'default', name: `history-${randomUUID()}` };
  const events: Event[] = [];
  const state = new Map<string, StoredObject>();
  const marks = new Set<string>();
  let broken: unknown;
  const heard = (type: Event['type'], object: StoredObject) => {
    marks.add(`${object.kind} ${object.metadata.annotations?.mark}`);
    if (!of(object.metadata.namespace)) return;
    events.push({ type, object });
    if (type === 'DELETED') state.delete(placeOf(object));
    else state.set(placeOf(object), object);
  };
  const watches = await Promise.all(
    (['Secret', 'ConfigMap'] as const).map((kind) =>
      watch(config, `/api/v1/${kind.toLowerCase()}s`, {
        // A watch's objects come without their kind.
        heard: ({ type, object }) => heard(type, { ...object, kind }),
        ended: (error) => {
          broken ??= error;
        },
      }),
    ),
  );
  const { namespace, name } = sentinel;
  await admin.createNamespacedSecret({ namespace, body: { metadata: { name } } });
  await admin.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });

  const mark = async () => {
    const id = randomUUID();
    const body = { metadata: { name, annotations: { mark: id } } };
    await Promise.all([
      admin.replaceNamespacedSecret({ ...sentinel, body }),
      admin.replaceNamespacedConfigMap({ ...sentinel, body }),
    ]);
    for (const deadline = Date.now() + 20_000; ; ) {
      if (marks.has(`Secret ${id}`) && marks.has(`ConfigMap ${id}`)) return events.length;
      if (broken || Date.now() > deadline) throw new Error('no history', { cause: broken });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return {
    mark,
    since: (from) => events.slice(from),
    state: () => new Map(state),
    close: () => {
      for (const stop of watches) stop();
    },
  };
}

interface Watcher {
  readonly heard: (event: Event) => void;
  readonly ended: (error: Error) => void;
}

/** The last word of a watch that the API server gives up: a Status in place of an object. */
interface Complaint {
  readonly type: 'ERROR';
  readonly object: { readonly message: string };
}

/** Tells of each event, and when there will be no more; resolves to what stops it. */
async function watch(config: KubeConfig, path: string, { heard, ended }: Watcher) {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  // The API server would end it after half an hour. From whatever its cache holds: the marks tell that all of it has
  // come, and without a version a loaded server gives up before its cache is as new as etcd.
  const query = 'watch=true&timeoutSeconds=36000&resourceVersion=0';
  const url = `${config.getCurrentCluster()?.server}${path}?${query}`;
  const request = get(url, options, (answer) => {
    if (answer.statusCode !== 200) ended(new Error(`the watch got ${answer.statusCode}`));
    createInterface(answer)
      .on('line', (line) => {
        const event = JSON.parse(line) as Event | Complaint;
        if (event.type === 'ERROR') ended(new Error(`the watch: ${event.object.message}`));
        else heard(event);
      })
      // An interface passes on its input's errors.
      .on('error', ended)
      .once('close', () => ended(new Error('the watch ended')));
  });
  request.on('error', ended);
  return () => request.destroy();
}
