import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  PatchStrategy,
  ServerConfiguration,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { creation, event, replacement } from './bodies.ts';
import { refusal } from './refusal.ts';
import { eventOf, type Named, type Ref, type Snapshot, type Store, StoreError } from './store.ts';

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const requestTimeout = 10_000; // milliseconds; a silent API server must not eat the Job's time

/**
 * A store in the cluster that the process runs in, else in the one that the kubeconfig names.
 *
 * @throws {StoreError} UNAVAILABLE where neither is there.
 */
export function clusterStore(job: string): Store {
  const config = new KubeConfig();
  if (existsSync(serviceAccount)) config.loadFromCluster();
  else loadKubeconfig(config);
  return storeOver(apiOf(config), job);
}

function loadKubeconfig(config: KubeConfig): void {
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
}

/**
 * The core API of the cluster that `config` has selected, with a deadline on every request. After a 401
 * the next request reads the token's file again: the library would go on with what it read for a minute.
 */
export function apiOf(config: KubeConfig): CoreV1Api {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined)
    throw new StoreError('UNAVAILABLE', 'the kubeconfig selects no cluster');
  let identity = config;
  return new CoreV1Api(
    createConfiguration({
      baseServer: new ServerConfiguration(server, {}),
      authMethods: {
        default: {
          getName: () => identity.getName(),
          applySecurityAuthentication: (request) => identity.applySecurityAuthentication(request),
        },
      },
      promiseMiddleware: [
        {
          pre: async (request) => {
            request.setSignal(AbortSignal.timeout(requestTimeout));
            return request;
          },
          post: async (response) => {
            if (response.httpStatusCode === 401) identity = withoutMemory(config);
            return response;
          },
        },
      ],
    }),
  );
}

function withoutMemory(config: KubeConfig): KubeConfig {
  const anew = new KubeConfig();
  anew.loadFromOptions(config);
  return anew;
}

/** A store over one API client; `job` names the writer in managedFields. */
export function storeOver(api: CoreV1Api, job: string): Store {
  // Under server-side apply, two writers of the same name silently overwrite each other; two names
  // conflict, and the second learns that it came second. So every process has a name of its own.
  const fieldManager = `sigstand-${job}-${randomUUID().slice(0, 8)}`;

  return {
    async read(ref) {
      try {
        return snapshot(ref, await get(api, ref));
      } catch (error) {
        const refused = refusal('get', ref, error);
        if (refused === 'absent') return undefined;
        throw refused;
      }
    },

    async write(ref, change, replacing) {
      const [strategy, body] = replacing
        ? [PatchStrategy.MergePatch, replacement(ref, change, replacing)]
        : [PatchStrategy.ServerSideApply, creation(ref, change)];
      try {
        await patch(api, ref, body, { fieldManager, strategy });
      } catch (error) {
        // Who refuses it may quote the object, which is what was there and what we add.
        const sent = { ...replacing?.data, ...change.data };
        const refused = refusal('patch', ref, error, sent);
        if (refused !== 'absent') throw refused;
        throw replacing
          ? new StoreError('CONFLICT', `${ref.name} was deleted meanwhile`)
          : noNamespace(ref);
      }
    },

    async warn(ref, notice) {
      const target = eventOf(ref, notice);
      const { namespace, name } = target;
      const fieldManager = `sigstand-${job}`;
      const body = event(ref, notice, fieldManager);
      try {
        await api.patchNamespacedEvent(
          // Whoever warned before, the newest warning counts.
          { namespace, name, body, fieldManager, force: true },
          setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
        );
      } catch (error) {
        const refused = refusal('patch', target, error);
        throw refused === 'absent' ? noNamespace(target) : refused;
      }
    },
  };
}

function noNamespace({ namespace }: Named): StoreError {
  return new StoreError('NO_NAMESPACE', `there is no namespace ${namespace}`);
}

interface Stored {
  readonly metadata?: { annotations?: Record<string, string>; resourceVersion?: string };
  readonly immutable?: boolean;
  readonly data?: Record<string, string>;
  readonly binaryData?: Record<string, string>;
}

function get(api: CoreV1Api, { kind, namespace, name }: Ref): Promise<Stored> {
  return kind === 'Secret'
    ? api.readNamespacedSecret({ namespace, name })
    : api.readNamespacedConfigMap({ namespace, name });
}

function patch(
  api: CoreV1Api,
  { kind, namespace, name }: Ref,
  body: object,
  { fieldManager, strategy }: { fieldManager: string; strategy: PatchStrategy },
): Promise<unknown> {
  const request = { namespace, name, body, fieldManager };
  const options = setHeaderOptions('Content-Type', strategy);
  return kind === 'Secret'
    ? api.patchNamespacedSecret(request, options)
    : api.patchNamespacedConfigMap(request, options);
}

function snapshot({ kind }: Ref, stored: Stored): Snapshot {
  const data: Record<string, Uint8Array> = {};
  for (const [key, text] of Object.entries(stored.data ?? {})) {
    data[key] = bytes(text, kind === 'Secret' ? 'base64' : 'utf8');
  }
  for (const [key, text] of Object.entries(stored.binaryData ?? {}))
    data[key] = bytes(text, 'base64');
  return {
    data,
    annotations: stored.metadata?.annotations ?? {},
    immutable: stored.immutable === true,
    version: stored.metadata?.resourceVersion ?? '',
  };
}

function bytes(value: string, encoding: BufferEncoding): Uint8Array {
  return new Uint8Array(Buffer.from(value, encoding));
}
