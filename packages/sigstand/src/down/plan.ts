import { type KubeObject, part, titleOf } from '../up/objects.ts';
import { ownFields } from '../up/outcome.ts';
import {
  besideOf,
  crowdedOf,
  type Here,
  instance,
  instancesOf,
  lastWaves,
  type Removal,
  records,
  wavesOf,
} from './removal.ts';

const unique = ['Secret', 'PersistentVolumeClaim', 'Namespace'];

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
  const beside = besideOf(labelled, homes, { named: known, instances });
  // What up applied by the manifests of an older version.
  const older = beside.filter((one) => ownFields(one) !== undefined && !unique.includes(one.kind));
  const written = beside.filter((one) => records.includes(one.kind) && !older.includes(one));

  const namespaces = own.filter(({ kind }) => kind === 'Namespace');
  const lasting = own.filter(({ kind }) => kind !== 'Namespace' && unique.includes(kind));
  const plain = [...own.filter(({ kind }) => !unique.includes(kind)), ...older];
  const goingHomes = new Set<string | undefined>(namespaces.map(({ metadata }) => metadata.name));
  const precious = [...lasting, ...written];
  const mine = new Set([...own, ...beside].map(titleOf));
  const foreign = strange.filter(({ kind }) => keys || kind !== 'Namespace').map(titleOf);
  return {
    waves: [...wavesOf(plain), ...(keys ? lastWaves(precious, namespaces, tuf) : [])],
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
