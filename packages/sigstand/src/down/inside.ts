import { type Access, ask, hasStatus, metadataListOnly } from '@sigstand/store/api';
import type { KubeObject } from '../up/objects.ts';
import { refused } from '../up/refused.ts';
import { atOnce } from './at-once.ts';

interface Discovery {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly Resource[];
    }[];
  }[];
}

interface Resource {
  readonly resource: string;
  readonly scope?: string;
  readonly verbs?: readonly string[];
  readonly responseKind?: { readonly kind?: string };
}

interface Listed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly base: readonly string[];
  readonly resource: string;
}

const discovery = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** All that is in the namespaces, of every kind that the cluster has: metadata alone. @throws {JobError} */
export async function insideOf(
  access: Access,
  namespaces: readonly string[],
): Promise<KubeObject[]> {
  const kinds = (await Promise.all([kindsAt(access, 'api'), kindsAt(access, 'apis')])).flat();
  const questions = namespaces.flatMap((namespace) => kinds.map((kind) => ({ namespace, kind })));
  const lists = await atOnce(questions, ({ namespace, kind }) => list(access, namespace, kind));
  return lists.flat();
}

/** The kinds of things that one can list and delete in a namespace, each by its preferred version. */
async function kindsAt(access: Access, root: 'api' | 'apis'): Promise<Listed[]> {
  const question = { method: 'GET', path: [root], accept: discovery } as const;
  const found = await ask(access, question).catch((error: unknown) => {
    throw refused('list the kinds of', `/${root}`, error);
  });
  return ((found as Discovery).items ?? []).flatMap(({ metadata, versions = [] }) => {
    const seen = new Set<string>();
    return versions.flatMap(({ version, resources = [] }) => {
      const apiVersion = metadata?.name ? `${metadata.name}/${version}` : version;
      const fresh = resources.filter((one) => isPlaced(one) && !seen.has(one.resource));
      for (const { resource } of fresh) seen.add(resource);
      return fresh.map(({ resource, responseKind }) => ({
        ...{ apiVersion, resource, kind: responseKind?.kind ?? resource },
        base: [root, ...(metadata?.name ? [metadata.name] : []), version],
      }));
    });
  });
}

function isPlaced({ resource, scope, verbs = [] }: Resource): boolean {
  if (resource === 'events') return false; // many, and they end by themselves
  return scope === 'Namespaced' && verbs.includes('list') && verbs.includes('delete');
}

async function list(
  access: Access,
  namespace: string,
  { apiVersion, kind, base, resource }: Listed,
) {
  const path = [...base, 'namespaces', namespace, resource];
  const question = { method: 'GET', path, accept: metadataListOnly } as const;
  const found = await ask(access, question).catch((error: unknown) => {
    // A kind that was taken away meanwhile.
    if (hasStatus(error, 404)) return {};
    throw refused('list', `all ${resource} in ${namespace}`, error);
  });
  const { items } = found as { items?: readonly KubeObject[] | null };
  return (items ?? []).map((one) => ({ ...one, apiVersion, kind }));
}
