import type { RequestOptions } from 'node:https';
// Not the package's own door: behind it is a class for every kind of object that Kubernetes knows.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Access } from './api.ts';
import { StoreError } from './store.ts';

/**
 * The API server that the kubeconfig names, as its user: KUBECONFIG, else ~/.kube/config.
 *
 * @throws {StoreError} UNAVAILABLE where neither is there, or cannot be read.
 */
export function kubeconfigAccess(): Access {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new StoreError('UNAVAILABLE', 'the kubeconfig cannot be read', { cause: error });
  }
  // Without any configuration the library falls back to this address, where nobody is.
  if (config.getCurrentCluster()?.server === 'http://localhost:8080') {
    throw new StoreError(
      'UNAVAILABLE',
      'no cluster: this is not a Pod, and there is no kubeconfig (KUBECONFIG or ~/.kube/config)',
    );
  }
  return accessBy(config);
}

/** The API server that `config` has selected, with every way to log in that the library knows. */
export function accessBy(config: KubeConfig): Access {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined)
    throw new StoreError('UNAVAILABLE', 'the kubeconfig selects no cluster');
  let identity = config;
  return {
    server,
    async options() {
      const options: RequestOptions = {};
      await identity.applyToHTTPSOptions(options);
      return options;
    },
    // The library would go on for a minute with the token that it read.
    forget() {
      identity = new KubeConfig();
      identity.loadFromOptions(config);
    },
  };
}
