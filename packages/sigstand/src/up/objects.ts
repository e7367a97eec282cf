import { JobError } from '@sigstand/job/errors';
import { parseAllDocuments } from 'yaml';

/** An object of Kubernetes, as far as it is read here. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
}

/** The object that an object is made for. */
export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
}

/** Who has set which fields. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: object;
}

/** An object's place in words. */
export function titleOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** The label that every object of a stack bears. */
export const part = { label: 'app.kubernetes.io/part-of', value: 'sigstand' } as const;

/**
 * The objects of manifests, as `helm template` and kustomize print them; hooks, which only Helm runs, are left out.
 *
 * @throws {JobError} data, where they are not manifests of a stack.
 */
export function objectsIn(text: string, place: string): KubeObject[] {
  const objects = documentsIn(text, place).flatMap((one) => listed(one, place));
  const own = objects.filter(({ metadata }) => !metadata.annotations?.['helm.sh/hook']);
  const titles = own.map(titleOf);
  const twice = titles.find((title, index) => titles.indexOf(title) !== index);
  if (twice) throw wrong(`${place} has ${twice} twice`);
  if (!own.some(isOfAStack)) throw wrong(`${place} has no object of a stack`);
  return own;
}

function documentsIn(text: string, place: string): unknown[] {
  const documents = parseAllDocuments(text);
  return [...documents].map((document) => {
    const [error] = 'errors' in document ? document.errors : [];
    // What the parser says quotes the text.
    if (error) throw wrong(`${place} is no YAML at line ${error.linePos?.[0].line ?? '?'}`);
    return document.toJS({ maxAliasCount: 100 });
  });
}

function listed(value: unknown, place: string): KubeObject[] {
  if (value === null || value === undefined) return [];
  const { apiVersion, kind, metadata, items } = value as Partial<KubeObject> & { items?: unknown };
  if (typeof apiVersion === 'string' && kind === 'List' && Array.isArray(items)) {
    return items.flatMap((one) => listed(one, place));
  }
  const words = [apiVersion, kind, metadata?.name];
  if (words.every((word) => typeof word === 'string' && word !== '')) return [value as KubeObject];
  throw wrong(`${place} has something that is no object: it lacks apiVersion, kind or a name`);
}

function isOfAStack({ metadata }: KubeObject): boolean {
  return metadata.labels?.[part.label] === part.value;
}

function wrong(message: string): JobError {
  return new JobError('data', message, {
    hint: 'give what helm template prints of the chart, or nothing for the manifests of this version',
  });
}
