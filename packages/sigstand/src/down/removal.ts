import { type KubeObject, part, titleOf } from '../up/objects.ts';

/* What is the same for all that takes a stack down: by its manifests, and by a record. */

/** What a cluster has of a stack. */
export interface Here {
  /** The objects of the manifests. */
  readonly manifests: readonly KubeObject[];
  /** What there is under their titles. */
  readonly found: ReadonlyMap<string, KubeObject>;
  /** What else has the stack's label: the records, and volumes. */
  readonly labelled: readonly KubeObject[];
  /** All that the namespaces hold, where they are to go. */
  readonly inside: readonly KubeObject[];
}

/** A namespace, and what it holds of others. */
export interface Crowded {
  readonly namespace: string;
  readonly holds: readonly string[];
}

/** What goes and what stays. */
export interface Removal {
  /** What goes, wave after wave: each has to be gone before the next. */
  readonly waves: readonly Wave[];
  /** What stays, so that the stack can come again with its keys. */
  readonly kept: readonly KubeObject[];
  /** What goes for good. */
  readonly lost: readonly KubeObject[];
  /** What others have under the same names. */
  readonly foreign: readonly string[];
  /** Namespaces that were to go, and cannot. */
  readonly crowded: readonly Crowded[];
  /** What stays as others have it, with the reason: of a record, that is no error. */
  readonly left: readonly string[];
}

export interface Wave {
  readonly what: string;
  readonly objects: readonly KubeObject[];
}

/** The label that names a release. */
export const instance = 'app.kubernetes.io/instance';
/** Kinds of what Jobs write, and volumes. */
export const records = ['Secret', 'ConfigMap', 'PersistentVolumeClaim'];

/** Schedules go before what they would start again; the way of a Pod to others goes after the Pod. */
const order: readonly (readonly [string, readonly string[]])[] = [
  ['schedules', ['CronJob']],
  ['workloads', ['Deployment', 'StatefulSet', 'DaemonSet', 'Job']],
  ['Services and settings', []],
  [
    'accounts and rights',
    ['RoleBinding', 'ClusterRoleBinding', 'Role', 'ClusterRole', 'ServiceAccount'],
  ],
  ['network policies', ['NetworkPolicy']],
];

type Instances = ReadonlySet<string | undefined>;

/** The releases that the manifests are of. */
export function instancesOf(manifests: readonly KubeObject[]): Instances {
  return new Set(manifests.map((one) => one.metadata.labels?.[instance]));
}

/** Whether an object is of one of these releases; the Jobs' records name none. */
export function isOfOneOf({ metadata: { labels } }: KubeObject, instances: Instances) {
  if (labels?.[part.label] !== part.value) return false;
  return labels[instance] === undefined || instances.has(labels[instance]);
}

/** What others than the manifests made for these releases, in these namespaces. */
export function besideOf(
  labelled: readonly KubeObject[],
  homes: ReadonlySet<string | undefined>,
  { named, instances }: { named: Pick<Set<string>, 'has'>; instances: Instances },
): KubeObject[] {
  return labelled.filter(
    (one) =>
      homes.has(one.metadata.namespace) && !named.has(titleOf(one)) && isOfOneOf(one, instances),
  );
}

/** The objects that are in none of these namespaces. */
export function outside(objects: readonly KubeObject[], namespaces: readonly KubeObject[]) {
  const names = new Set<string | undefined>(namespaces.map(({ metadata }) => metadata.name));
  return objects.filter(({ metadata }) => !names.has(metadata.namespace));
}

/** The objects in the order in which they go. */
export function wavesOf(objects: readonly KubeObject[]): Wave[] {
  const all = order.flatMap(([, kinds]) => kinds);
  return order
    .map(([what, kinds]) => ({
      what,
      objects: objects.filter(({ kind }) =>
        kinds.length > 0 ? kinds.includes(kind) : !all.includes(kind),
      ),
    }))
    .filter((wave) => wave.objects.length > 0);
}

/** What is precious goes with its namespace. The Lease is in the one that goes last: until then nobody else begins. */
export function lastWaves(
  precious: readonly KubeObject[],
  namespaces: readonly KubeObject[],
  tuf: string | undefined,
) {
  const isLast = ({ metadata }: KubeObject) => metadata.name === tuf;
  return [
    { what: 'keys, records and volumes', objects: outside(precious, namespaces) },
    { what: 'namespaces with all in them', objects: namespaces.filter((one) => !isLast(one)) },
    { what: `namespace ${tuf}`, objects: namespaces.filter(isLast) },
  ].filter(({ objects }) => objects.length > 0);
}

/** What a namespace has that nobody put there. */
const everywhere =
  /^(ConfigMap \S+\/(kube-root-ca\.crt|istio-ca-root-cert|openshift-service-ca\.crt)|ServiceAccount \S+\/(default|builder|deployer)|Secret \S+\/(default|builder|deployer)-\S+|RoleBinding \S+\/system:\S+)$/;

/** What Kubernetes keeps of others' work, and the Lease by which operators keep apart. */
const besides = /^((Event|Endpoints|EndpointSlice) .*|Lease \S+\/sigstand)$/;

/** What namespaces hold of others. */
export function crowdedOf(
  inside: readonly KubeObject[],
  homes: ReadonlySet<string | undefined>,
  { mine, instances }: { mine: ReadonlySet<string>; instances: Instances },
): Crowded[] {
  const others = inside.filter((one) => {
    const title = titleOf(one);
    const isControlled = (one.metadata.ownerReferences ?? []).length > 0;
    const isKnown = mine.has(title) || everywhere.test(title) || besides.test(title);
    return !isControlled && !isKnown && !isOfOneOf(one, instances);
  });
  return [...homes].flatMap((namespace = '') => {
    const holds = others.filter(({ metadata }) => metadata.namespace === namespace).map(titleOf);
    return holds.length > 0 ? [{ namespace, holds }] : [];
  });
}
