import { type KubeObject, titleOf } from './objects.ts';

/** An object, and what has to be there before it is applied. */
export interface Planned {
  readonly object: KubeObject;
  readonly title: string;
  /** Titles of objects that are applied before. */
  readonly after: readonly string[];
  /** Titles of what Jobs and Kubernetes make, such as `Secret a/b`; without it a Pod would be started in vain. */
  readonly needs: readonly string[];
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly volumes?: readonly Volume[];
  readonly initContainers?: readonly unknown[];
  readonly containers?: readonly { readonly env?: readonly Env[] }[];
}

interface Source {
  readonly name?: string;
  readonly secretName?: string;
  readonly optional?: boolean;
}

interface Sources {
  readonly secret?: Source;
  readonly configMap?: Source;
}

interface Volume extends Sources {
  readonly projected?: { readonly sources?: readonly Sources[] };
}

interface Env {
  readonly valueFrom?: { readonly secretKeyRef?: Source; readonly configMapKeyRef?: Source };
}

const workloads = ['Job', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'];

/** The workloads that a bring-up waits for. */
export function isAwaited({ kind }: KubeObject): boolean {
  return kind === 'Job' || kind === 'Deployment' || kind === 'StatefulSet';
}

/** The objects in the order of the manifests, each with what it waits for. */
export function planOf(objects: readonly KubeObject[]): Planned[] {
  const there = new Set(objects.map(titleOf));
  return objects.map((object) => {
    const title = titleOf(object);
    const { namespace } = object.metadata;
    const home = `Namespace ${namespace}`;
    // A Pod that is made before its account or its Role waits, and is tried again later and later.
    const before = workloads.includes(object.kind)
      ? objects.filter((one) => one.metadata.namespace === namespace && !isWorkload(one))
      : [];
    return {
      ...{ object, title },
      after: [...(there.has(home) ? [home] : []), ...before.map(titleOf)],
      needs: namespace === undefined ? [] : inputsOf(object, namespace, there),
    };
  });
}

function isWorkload({ kind }: KubeObject): boolean {
  return workloads.includes(kind);
}

/** What a Pod of the object needs to start, that nobody applies here. */
function inputsOf(object: KubeObject, namespace: string, there: ReadonlySet<string>): string[] {
  if (!isAwaited(object)) return [];
  const pod = (object.spec as { template?: { spec?: PodSpec } } | undefined)?.template?.spec ?? {};
  const named = pod.serviceAccountName !== undefined;
  const own = [
    ...(named ? [] : [`ServiceAccount ${namespace}/default`]),
    ...(pod.automountServiceAccountToken === false
      ? []
      : [`ConfigMap ${namespace}/kube-root-ca.crt`]),
  ];
  // A volume of a StatefulSet takes a moment to be bound, and until then nobody asks for the rest.
  const records = object.kind === 'StatefulSet' ? [] : recordsOf(pod, namespace);
  return [...new Set([...own, ...records])].filter((title) => !there.has(title));
}

function recordsOf({ volumes = [], initContainers = [], containers = [] }: PodSpec, home: string) {
  const mounted = volumes
    .flatMap((volume) => [volume, ...(volume.projected?.sources ?? [])])
    .flatMap(({ secret, configMap }) => titles(home, secret, configMap));
  // Behind an init container there is time: many a key comes while that waits.
  const read = initContainers.length > 0 ? [] : containers.flatMap(({ env = [] }) => env);
  const named = read.flatMap(({ valueFrom = {} }) =>
    titles(home, valueFrom.secretKeyRef, valueFrom.configMapKeyRef),
  );
  return [...mounted, ...named];
}

function titles(home: string, secret: Source | undefined, configMap: Source | undefined): string[] {
  const of = (kind: string, source: Source | undefined) => {
    const name = source?.secretName ?? source?.name;
    return name === undefined || source?.optional ? [] : [`${kind} ${home}/${name}`];
  };
  return [...of('Secret', secret), ...of('ConfigMap', configMap)];
}
