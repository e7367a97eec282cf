import { JobError } from '@sigstand/job/errors';
import { type Access, ask, hasStatus } from '@sigstand/store/api';
import { refused } from './refused.ts';

/** What tells the API server's URLs for a kind. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** A kind that an API server has. */
interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** The URLs of an API server's objects. */
export interface Kinds {
  readonly has: (kind: Kind) => boolean;
  /** Where all objects of a kind are, or those of a namespace. */
  readonly all: (kind: Kind, namespace?: string) => string[];
  /** Where an object is; one without a namespace that wants one is in `default`. */
  readonly at: (kind: Kind, metadata: { namespace?: string; name: string }) => string[];
}

const fixed: Readonly<Record<string, string>> = {
  Pod: 'pods',
  Event: 'events',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  ServiceAccount: 'serviceaccounts',
  PersistentVolumeClaim: 'persistentvolumeclaims',
};

/** Where the API server has objects of the core of Kubernetes, in every namespace. */
export function corePath(kind: string): string[] {
  return ['api', 'v1', fixed[kind] ?? kind];
}

/** Asks the API server for these kinds, and wants them all. @throws {JobError} data, where one is missing. */
export async function kindsOf(access: Access, wanted: readonly Kind[]): Promise<Kinds> {
  const kinds = await kindsAmong(access, wanted);
  const missing = wanted.find((kind) => !kinds.has(kind));
  if (missing === undefined) return kinds;
  throw new JobError(
    'data',
    `the API server knows no ${missing.kind} of ${missing.apiVersion}; nothing was changed`,
    { hint: 'install what defines it, such as the Gateway API, or leave it out of the manifests' },
  );
}

/** Asks the API server which of these kinds it has. @throws {JobError} */
export async function kindsAmong(access: Access, wanted: readonly Kind[]): Promise<Kinds> {
  const find = await finderOf(access, wanted);
  const all = (kind: Kind, namespace?: string) => {
    const { name = '', namespaced = false } = find(kind) ?? {};
    const inside = namespaced && namespace !== undefined ? ['namespaces', namespace] : [];
    return [...base(kind.apiVersion), ...inside, name];
  };
  return {
    has: (kind) => find(kind) !== undefined,
    all,
    at: (kind, { namespace = 'default', name }) => [...all(kind, namespace), name],
  };
}

async function finderOf(access: Access, wanted: readonly Kind[]) {
  const versions = [...new Set(wanted.map(({ apiVersion }) => apiVersion))];
  const lists = await Promise.all(versions.map((version) => resourcesOf(access, version)));
  const known = new Map(versions.map((version, index) => [version, lists[index] ?? []]));
  return ({ apiVersion, kind }: Kind) =>
    known.get(apiVersion)?.find((one) => one.kind === kind && !one.name.includes('/'));
}

function base(apiVersion: string): string[] {
  return apiVersion.includes('/') ? ['apis', ...apiVersion.split('/')] : ['api', apiVersion];
}

async function resourcesOf(access: Access, apiVersion: string): Promise<readonly Resource[]> {
  try {
    const found = await ask(access, { method: 'GET', path: base(apiVersion) });
    return (found as { resources?: readonly Resource[] }).resources ?? [];
  } catch (error) {
    if (hasStatus(error, 404)) return [];
    throw refused('list the kinds of', apiVersion, error);
  }
}
