import { type KubeObject, titleOf } from '../up/objects.ts';

/** What tells one object of a cluster from all others. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  /** Undefined where it was about to be made, and nobody has looked since. */
  readonly uid?: string | undefined;
}

/** What `up` has made in a cluster: nothing of what was there before is in it. */
export interface Made {
  readonly objects: readonly Identity[];
  /** The titles of what had the stack's label before: the Jobs' Secrets of a stack that ran. */
  readonly before: readonly string[];
}

/** The object that an identity is of, as far as that is known. */
export function objectOf({ apiVersion, kind, namespace, name, uid }: Identity): KubeObject {
  return {
    ...{ apiVersion, kind },
    metadata: { name, ...(namespace && { namespace }), ...(uid && { uid }) },
  };
}

function identityOf({ apiVersion, kind, metadata: { namespace, name, uid } }: KubeObject) {
  return { apiVersion, kind, namespace, name, uid };
}

/** Which object a record of this title is, by its UID; undefined where it has none. */
export function uidsOf({ objects }: Made): ReadonlyMap<string, string | undefined> {
  return new Map(objects.map((one) => [titleOf(objectOf(one)), one.uid]));
}

/** What is there before anything is applied. */
export interface There {
  /** What is there of the objects that are wanted, by their titles. */
  readonly found: ReadonlyMap<string, KubeObject>;
  /** What has the stack's label. */
  readonly labelled: readonly KubeObject[];
}

/**
 * The record with what is new: what is wanted and not there is about to be made; what is there and was about to be made, is
 * that object from then on.
 */
export function noted(
  earlier: Made | undefined,
  wanted: readonly KubeObject[],
  { found, labelled }: There,
): Made {
  const known = earlier ? uidsOf(earlier) : new Map<string, string | undefined>();
  const coming = wanted.filter((one) => !found.has(titleOf(one)) && !known.has(titleOf(one)));
  const before = (earlier?.objects ?? []).map((one) => {
    const there = found.get(titleOf(objectOf(one)));
    return { ...one, uid: one.uid ?? there?.metadata.uid };
  });
  return {
    objects: [...before, ...coming.map((one) => ({ ...identityOf(one), uid: undefined }))],
    before: earlier?.before ?? labelled.map(titleOf),
  };
}

/** The record once objects were made, for the first time or anew. */
export function settled(made: Made, fresh: ReadonlyMap<string, KubeObject>): Made {
  const objects = made.objects.map((one) => {
    const uid = fresh.get(titleOf(objectOf(one)))?.metadata.uid;
    return { ...one, uid: uid ?? one.uid };
  });
  return { ...made, objects };
}
