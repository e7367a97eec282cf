import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { isIPv6 } from 'node:net';
import type { Access } from './api.ts';

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Whether this process runs in a Pod that has a service account's token. */
export function inPod(): boolean {
  return existsSync(`${serviceAccount}/token`);
}

/** What the kubelet tells every container of a Pod. */
export interface PodEnvironment {
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
}

/** The API server of the cluster that this Pod runs in, as its service account. */
export function podAccess({
  KUBERNETES_SERVICE_HOST: host = 'kubernetes.default.svc',
  KUBERNETES_SERVICE_PORT: port = '443',
}: PodEnvironment): Access {
  const agent = new Agent({ keepAlive: true });
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    async options() {
      // The kubelet writes the token anew long before it ends; so each request takes what is there.
      const [ca, token] = await Promise.all([
        readFile(`${serviceAccount}/ca.crt`, 'utf8'),
        readFile(`${serviceAccount}/token`, 'utf8'),
      ]);
      return { agent, ca, headers: { authorization: `Bearer ${token.trim()}` } };
    },
    forget() {},
  };
}
