import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** An object of the manifests, as far as the tests read it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: the shape follows from kind, which each test knows
  readonly [field: string]: any;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes' PodSpec, read field by field
  readonly [field: string]: any;
}

/**
 * Every object of the YAML files in a folder, and in the folders below, in the order of their names.
 *
 * @throws {Error} Where a file is no YAML.
 */
export function manifestsIn(folder: string): Manifest[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => objectsIn(readFileSync(join(folder, file), 'utf8'), file));
}

/** @throws {Error} Where the text is no YAML; `place` is named then. */
export function objectsIn(yaml: string, place: string): Manifest[] {
  return parseAllDocuments(yaml)
    .map((document) => {
      if (document.errors.length > 0) throw new Error(`${place}: ${document.errors[0]?.message}`);
      return document.toJS() as Manifest | null;
    })
    .filter((object) => object !== null);
}

/** Every object of manifests/, in the order in which kubectl would read them. */
export const manifests: readonly Manifest[] = manifestsIn(
  join(import.meta.dirname, '../manifests'),
);

export function ofKind(...kinds: string[]): Manifest[] {
  return manifests.filter(({ kind }) => kinds.includes(kind));
}

export interface Pod {
  /** What makes it. */
  readonly owner: Manifest;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** The Pods that some manifests make. */
export function podsOf(objects: readonly Manifest[]): Pod[] {
  return objects
    .filter(({ kind }) => ['Job', 'CronJob', 'Deployment', 'StatefulSet'].includes(kind))
    .map((owner) => {
      const { metadata, spec } = (owner.spec.jobTemplate?.spec ?? owner.spec).template;
      return { owner, labels: metadata.labels, spec };
    });
}

/** The Pods that the manifests make. */
export const pods: readonly Pod[] = podsOf(manifests);

/** The first container of a Pod that runs one of our Jobs, or undefined. */
export function jobOf(spec: PodSpec): { job: string; args: string[] } | undefined {
  const { image, args = [] } = spec.containers[0];
  const job = /^ghcr\.io\/sigstand\/([a-z]+):/.exec(image)?.[1];
  return job === undefined ? undefined : { job, args };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly configMapKeyRef?: { readonly name: string; readonly key: string };
  };
}

/**
 * What a Pod's first container has in its environment, from its manifest and the ConfigMaps among `all`
 * that it names.
 *
 * @throws {Error} Where a ConfigMap is missing that is not optional, or a value comes from elsewhere.
 */
export function environmentOf(
  { owner, spec }: Pick<Pod, 'owner' | 'spec'>,
  all: readonly Manifest[] = manifests,
): Record<string, string> {
  const { namespace = '' } = owner.metadata;
  const { env = [], envFrom = [] } = spec.containers[0];
  const mapOf = (name: string, optional = false): Record<string, string> => {
    const found = all.find(
      ({ kind, metadata }) =>
        kind === 'ConfigMap' && metadata.namespace === namespace && metadata.name === name,
    );
    if (!found && !optional) throw new Error(`no ConfigMap ${name}`);
    return found?.data ?? {};
  };
  const maps = envFrom.map(
    ({ configMapRef }: { configMapRef: { name: string; optional?: true } }) =>
      mapOf(configMapRef.name, configMapRef.optional),
  );
  const own = env.map(({ name, value, valueFrom }: Variable) => {
    if (value !== undefined) return [name, value];
    if (valueFrom?.fieldRef?.fieldPath === 'metadata.namespace') return [name, namespace];
    const { configMapKeyRef: ref } = valueFrom ?? {};
    if (ref === undefined) throw new Error(`${name} is from elsewhere`);
    return [name, mapOf(ref.name)[ref.key]];
  });
  return Object.assign({}, ...maps, Object.fromEntries(own));
}

/** A short name for error messages. */
export function name({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
