import { existsSync } from 'node:fs';
import type { Access } from './api.ts';
import { homeKubeconfig } from './home.ts';
import { inPod, type PodEnvironment, podAccess } from './pod.ts';
import { StoreError } from './store.ts';

/** What the environment may say of clusters; what else is in it says which proxies there are. */
export interface ClusterEnvironment extends PodEnvironment {
  readonly KUBECONFIG?: string | undefined;
  readonly [name: string]: string | undefined;
}

/**
 * The API server that kubectl would ask: the one that a kubeconfig selects, else that of the cluster
 * whose Pod this is.
 *
 * @throws {StoreError} INVALID where there is neither, or kubectl would not take the kubeconfig.
 */
export async function clusterAccess(
  env: ClusterEnvironment,
  {
    context,
    hint = 'set KUBECONFIG to the files that kubectl takes, or run it as a Job',
  }: { readonly context?: string | undefined; readonly hint?: string } = {},
): Promise<Access> {
  // In a Pod nobody needs what reads kubeconfigs: it is larger than all the rest.
  const own = homeKubeconfig();
  const named =
    context !== undefined || Boolean(env.KUBECONFIG) || (own !== undefined && existsSync(own));
  const access =
    (named ? await byKubeconfig(env, context) : undefined) ?? (inPod() ? podAccess(env) : null);
  if (access) return access;
  throw new StoreError(
    'INVALID',
    env.KUBECONFIG
      ? 'no cluster: this is not a Pod with a service account, and no file of KUBECONFIG is there and selects one'
      : 'no cluster: this is not a Pod with a service account, and there is no kubeconfig that selects one',
    { hint },
  );
}

async function byKubeconfig(
  env: ClusterEnvironment,
  context: string | undefined,
): Promise<Access | undefined> {
  const { kubeconfigAccess } = await reader();
  let access: Access | undefined;
  try {
    access = kubeconfigAccess(env, context);
  } catch (error) {
    throw told(error, 'INVALID');
  }
  return (
    access && {
      ...access,
      options: () =>
        access.options().catch((error: unknown) => Promise.reject(told(error, 'UNAUTHENTICATED'))),
    }
  );
}

/** In the bundles this is a file beside them, which the images do not hold. */
async function reader(): Promise<typeof import('./kubeconfig.ts')> {
  try {
    return await import('./kubeconfig.ts');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new StoreError(
      'INVALID',
      'there is a kubeconfig, and not the program that reads it, kubeconfig.cjs',
      {
        cause: error,
        hint: 'run the Job where npm run build put both, in dist/; in a Pod unset KUBECONFIG, and its service account counts',
      },
    );
  }
}

/** An error of the reader, by its name: in the bundles its class is another one. */
function told(error: unknown, code: 'INVALID' | 'UNAUTHENTICATED'): unknown {
  if (!(error instanceof Error) || error.name !== 'KubeconfigError') return error;
  return new StoreError(code, `the kubeconfig is not usable: ${error.message}`, {
    cause: error,
    hint: 'correct it, until kubectl takes it',
  });
}
