import { ownFields } from '../up/apply.ts';
import { type KubeObject, part, titleOf } from '../up/objects.ts';

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

const instance = 'app.kubernetes.io/instance';
const records = ['Secret', 'ConfigMap', 'PersistentVolumeClaim'];
const unique = ['Secret', 'PersistentVolumeClaim', 'Namespace'];

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

/** Decides what of a stack goes. With `keys`, its namespaces go as well, with all that they hold. */
export function removalOf(here: Here, { keys, tuf }: { keys: boolean; tuf: string }): Removal {
  const { manifests, found, labelled } = here;
  const pairs = manifests.flatMap((wanted) => {
    const object = found.get(titleOf(wanted));
    return object ? [{ wanted, object }] : [];
  });
  const own = pairs.filter((pair) => isOwn(pair)).map(({ object }) => object);
  const strange = pairs.filter((pair) => !isOwn(pair)).map(({ object }) => object);
  const instances = instancesOf(manifests);
  const homes = new Set(manifests.map(({ metadata }) => metadata.namespace));
  const known = new Set(manifests.map(titleOf));
  const beside = labelled.filter(
    (one) =>
      homes.has(one.metadata.namespace) && !known.has(titleOf(one)) && isOfOneOf(one, instances),
  );
  // What up applied by the manifests of an older version.
  const older = beside.filter((one) => ownFields(one) !== undefined && !unique.includes(one.kind));
  const written = beside.filter((one) => records.includes(one.kind) && !older.includes(one));

  const namespaces = own.filter(({ kind }) => kind === 'Namespace');
  const lasting = own.filter(({ kind }) => kind !== 'Namespace' && unique.includes(kind));
  const plain = [...own.filter(({ kind }) => !unique.includes(kind)), ...older];
  const goingHomes = new Set<string | undefined>(namespaces.map(({ metadata }) => metadata.name));
  const precious = [...lasting, ...written];
  const single = precious.filter(({ metadata }) => !goingHomes.has(metadata.namespace));
  const mine = new Set([...own, ...beside].map(titleOf));
  const foreign = strange.filter(({ kind }) => keys || kind !== 'Namespace').map(titleOf);
  return {
    waves: [...wavesOf(plain), ...(keys ? lastWaves(single, namespaces, tuf) : [])],
    kept: keys ? [] : [...namespaces, ...precious],
    lost: keys ? precious : [],
    foreign,
    crowded: keys ? crowdedOf(here.inside, goingHomes, { mine, instances }) : [],
    left: [],
  };
}

/** Whether what is there is what the manifests mean: of a stack, and of the same release. */
function isOwn({ wanted, object }: { wanted: KubeObject; object: KubeObject }): boolean {
  const [is, wants] = [object.metadata.labels, wanted.metadata.labels];
  if (wants?.[part.label] !== part.value) return ownFields(object) !== undefined;
  return is?.[part.label] === part.value && is[instance] === wants[instance];
}

/** The releases that the manifests are of. */
export function instancesOf(manifests: readonly KubeObject[]): ReadonlySet<string | undefined> {
  return new Set(manifests.map((one) => one.metadata.labels?.[instance]));
}

/** Whether an object is of one of these releases; the Jobs' records name none. */
export function isOfOneOf(
  { metadata: { labels } }: KubeObject,
  instances: ReadonlySet<string | undefined>,
) {
  if (labels?.[part.label] !== part.value) return false;
  return labels[instance] === undefined || instances.has(labels[instance]);
}

/** The objects in the order in which they go. */
export function wavesOf(objects: readonly KubeObject[]): Wave[] {
  const named = order.flatMap(([, kinds]) => kinds);
  return order
    .map(([what, kinds]) => ({
      what,
      objects: objects.filter(({ kind }) =>
        kinds.length > 0 ? kinds.includes(kind) : !named.includes(kind),
      ),
    }))
    .filter((wave) => wave.objects.length > 0);
}

/** The Lease is in the namespace that goes last: until then nobody else begins. */
export function lastWaves(
  single: readonly KubeObject[],
  namespaces: readonly KubeObject[],
  tuf: string | undefined,
) {
  const isLast = ({ metadata }: KubeObject) => metadata.name === tuf;
  return [
    { what: 'keys, records and volumes', objects: single },
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
  { mine, instances }: { mine: ReadonlySet<string>; instances: ReadonlySet<string | undefined> },
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
