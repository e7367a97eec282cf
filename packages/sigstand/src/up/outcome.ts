import type { KubeObject, ManagedFields } from './objects.ts';

/** Whose fields the API server notes as ours: by it `down` knows what `up` applied. */
export const manager = 'sigstand-up';

export type Outcome = 'created' | 'changed' | 'unchanged' | 'remade';

/** What an apply did to an object, by the metadata of before and after. */
export function outcomeOf(before: KubeObject | undefined, after: KubeObject): Outcome {
  // One without the labels of a stack was not looked for, and whoever made it is noted in it.
  if (before === undefined) return othersIn(after).length > 0 ? 'changed' : 'created';
  if (before.metadata.resourceVersion === after.metadata.resourceVersion) return 'unchanged';
  const [was, is] = [ownFields(before), ownFields(after)];
  if (was === undefined) return isNoted(before, after) ? 'unchanged' : 'changed';
  // The API server keeps the time of ours where an apply changes nothing.
  return JSON.stringify(was) === JSON.stringify(is) ? 'unchanged' : 'changed';
}

/** What the API server notes as ours of an object. */
export function ownFields({ metadata }: KubeObject): ManagedFields | undefined {
  return metadata.managedFields?.find(
    (one) => one.manager === manager && one.operation === 'Apply' && !one.subresource,
  );
}

/** What the API server notes as that of all others. */
function othersIn(object: KubeObject): readonly ManagedFields[] {
  const own = ownFields(object);
  return (object.metadata.managedFields ?? []).filter((one) => one !== own);
}

/**
 * Whether our first apply of an object that somebody else made, as by kubectl, changed nothing but the note of who has set
 * what. Most kinds count what they are told to be. Of the others, whoever had set a field to another value has it no longer,
 * and a field that was not there is ours alone.
 */
function isNoted(before: KubeObject, after: KubeObject): boolean {
  if (after.metadata.generation !== undefined) return counted(before) === counted(after);
  const own = ownFields(after);
  const paths = new Set(othersIn(after).flatMap(({ fieldsV1 = {} }) => pathsIn(fieldsV1)));
  return pathsIn(own?.fieldsV1 ?? {}).every((path) => paths.has(path));
}

/** What tells one state of an object from another, its status aside. */
function counted({ metadata: { generation, labels = {}, annotations = {} } }: KubeObject): string {
  const sorted = (map: object) => Object.entries(map).sort();
  return JSON.stringify([generation, sorted(labels), sorted(annotations)]);
}

/** Each field of a set, from the object on. */
function pathsIn(fields: object): string[] {
  return Object.entries(fields).flatMap(([name, below]) => [
    name,
    ...pathsIn(below).map((path) => `${name} ${path}`),
  ]);
}
