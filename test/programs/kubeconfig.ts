import { KubeConfig, type RequestContext } from '@kubernetes/client-node';

/**
 * A kubeconfig whose requests share their connections. The library's own opens one for each request,
 * and a TLS handshake costs either side more than most answers do.
 */
export class SharedConnections extends KubeConfig {
  #dispatcher: ReturnType<RequestContext['getDispatcher']>;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    this.#dispatcher ??= context.getDispatcher();
    if (this.#dispatcher) context.setDispatcher(this.#dispatcher);
  }
}

/** What the file at a path says. */
export function kubeconfigAt(path: string): KubeConfig {
  const config = new SharedConnections();
  config.loadFromFile(path);
  return config;
}
