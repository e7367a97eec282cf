import type { Manifest } from '../stack.ts';

/** Where a request goes. */
export interface Backend {
  readonly namespace: string;
  readonly service: string;
  readonly port: string | number;
}

interface Route extends Backend {
  readonly host: string;
  readonly path: string;
  readonly exact: boolean;
}

/** Every path that Ingresses and HTTPRoutes lead to a Service. */
export function routesIn(objects: readonly Manifest[]): Route[] {
  return objects.flatMap(({ kind, metadata: { namespace = '' }, spec }) => {
    if (kind === 'Ingress') return ingressRoutes(namespace, spec.rules);
    if (kind === 'HTTPRoute') return httpRoutes(namespace, spec);
    return [];
  });
}

// biome-ignore-start lint/suspicious/noExplicitAny: parsed YAML, read field by field
function ingressRoutes(namespace: string, rules: any[]): Route[] {
  return rules.flatMap(({ host, http }) =>
    http.paths.map(({ path, pathType, backend: { service } }: any) => ({
      ...{ host, path, exact: pathType === 'Exact', namespace, service: service.name },
      port: service.port.name ?? service.port.number,
    })),
  );
}

function httpRoutes(namespace: string, { hostnames, rules }: any): Route[] {
  return hostnames.flatMap((host: string) =>
    rules.flatMap(({ matches, backendRefs }: any) =>
      matches.map(({ path: { type, value } }: any) => ({
        ...{ host, path: value, exact: type === 'Exact', namespace },
        ...{ service: backendRefs[0].name, port: backendRefs[0].port },
      })),
    ),
  );
}
// biome-ignore-end lint/suspicious/noExplicitAny: parsed YAML, read field by field

/** The routes that take a request, as the APIs of both have it: an exact path first, then the longest. */
export function routed(routes: readonly Route[], host: string, path: string): Route[] {
  const takes = (route: Route) =>
    route.host === host &&
    (route.exact ? route.path === path : below(path, route.path.replace(/\/$/, '')));
  return routes
    .filter(takes)
    .sort((a, b) => Number(b.exact) - Number(a.exact) || b.path.length - a.path.length);
}

/** Whether a path is another one, or has more elements behind it. */
function below(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}
