import { type Access, ask, hasStatus, metadataOnly } from '@sigstand/store/api';
import { labelledObjects } from '../up/before.ts';
import { type Kind, type Kinds, kindsAmong } from '../up/kinds.ts';
import { type KubeObject, titleOf } from '../up/objects.ts';
import { refused } from '../up/refused.ts';
import { atOnce } from './at-once.ts';
import { insideOf } from './inside.ts';
import { type Here, records } from './removal.ts';

/** What is known of a cluster before anything is removed. */
export interface Looked {
  readonly here: Here;
  readonly kinds: Kinds;
}

const precious: readonly Kind[] = records.map((kind) => ({ apiVersion: 'v1', kind }));

/** Looks for what a cluster has of the manifests, and beside them. @throws {JobError} */
export async function lookedAt(
  access: Access,
  manifests: readonly KubeObject[],
  { keys }: { keys: boolean },
): Promise<Looked> {
  const kinds = await kindsAmong(access, [...manifests, ...precious]);
  // Of a kind that the API server does not have, there can be none.
  const known = manifests.filter(kinds.has);
  const labelled = await labelledObjects(access, kinds, [...known, ...precious]);
  const found = await atOnce(known, async (one): Promise<[string, KubeObject][]> => {
    const title = titleOf(one);
    const object = labelled.get(title) ?? (await objectAt(access, kinds, one));
    return object ? [[title, object]] : [];
  });
  const namespaces = known.filter(({ kind }) => kind === 'Namespace');
  const names = namespaces.map(({ metadata }) => metadata.name);
  const inside = keys ? await insideOf(access, names) : [];
  const here = {
    ...{ manifests: known, found: new Map(found.flat()), inside },
    labelled: [...labelled.values()],
  };
  return { here, kinds };
}

/** An object as it is now, its metadata alone; a Namespace as a whole, since its status says what holds it. */
export async function objectAt(
  access: Access,
  kinds: Kinds,
  { apiVersion, kind, metadata }: KubeObject,
): Promise<KubeObject | undefined> {
  const accept = kind === 'Namespace' ? 'application/json' : metadataOnly;
  const path = kinds.at({ apiVersion, kind }, metadata);
  try {
    const found = (await ask(access, { method: 'GET', path, accept })) as KubeObject;
    return { ...found, apiVersion, kind };
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw refused('get', titleOf({ apiVersion, kind, metadata }), error);
  }
}

/** StatefulSets whose volumes Kubernetes deletes with them. */
export async function takingVolumes(
  access: Access,
  kinds: Kinds,
  objects: readonly KubeObject[],
): Promise<string[]> {
  const sets = objects.filter(({ kind }) => kind === 'StatefulSet');
  const found = await atOnce(sets, async (one) => {
    const path = kinds.at(one, one.metadata);
    const whole = await ask(access, { method: 'GET', path }).catch((error: unknown) => {
      if (hasStatus(error, 404)) return {};
      throw refused('get', titleOf(one), error);
    });
    const { spec } = whole as {
      spec?: { persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string } };
    };
    return spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
      ? [titleOf(one)]
      : [];
  });
  return found.flat();
}
