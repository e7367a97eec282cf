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
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => {
        if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
        return document.toJS() as Manifest | null;
      }),
    )
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

/** The Pods that the manifests make. */
export const pods: readonly Pod[] = ofKind('Job', 'CronJob', 'Deployment', 'StatefulSet').map(
  (owner) => {
    const { metadata, spec } = (owner.spec.jobTemplate?.spec ?? owner.spec).template;
    return { owner, labels: metadata.labels, spec };
  },
);

/** The first container of a Pod that runs one of our Jobs, or undefined. */
export function jobOf(spec: PodSpec): { job: string; args: string[] } | undefined {
  const { image, args = [] } = spec.containers[0];
  const job = /^ghcr\.io\/sigstand\/([a-z]+):/.exec(image)?.[1];
  return job === undefined ? undefined : { job, args };
}

/** A short name for error messages. */
export function name({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
