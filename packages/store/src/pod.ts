import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { isIPv6 } from 'node:net';
import type { Access } from './api.ts';
import { StoreError } from './store.ts';

/** Where the kubelet puts a service account's token, and the certificate of the API server's CA. */
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
export function podAccess(
  {
    KUBERNETES_SERVICE_HOST: host = 'kubernetes.default.svc',
    KUBERNETES_SERVICE_PORT: port = '443',
  }: PodEnvironment,
  folder = serviceAccount,
): Access {
  const agent = new Agent({ keepAlive: true });
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    async options() {
      // The kubelet writes the token anew long before it ends; so each request takes what is there.
      const [ca, token] = await Promise.all([read(folder, 'ca.crt'), read(folder, 'token')]);
      return { agent, ca, headers: { authorization: `Bearer ${token}` } };
    },
    forget() {},
  };
}

/** @throws {StoreError} UNAUTHENTICATED, where the file is not there or holds nothing. */
async function read(folder: string, name: string): Promise<string> {
  let text = '';
  let why = 'it is empty';
  try {
    text = (await readFile(`${folder}/${name}`, 'utf8')).trim();
  } catch (error) {
    why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  }
  if (text !== '') return text;
  throw new StoreError('UNAUTHENTICATED', `the Pod's ${folder}/${name} cannot be read: ${why}`, {
    hint: 'the kubelet puts it there: look at automountServiceAccountToken and the volumes of the Pod',
  });
}
