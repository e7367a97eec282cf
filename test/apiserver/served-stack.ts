import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { AppsV1Api, BatchV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { rekorSigningSecret, tsaCertChain, tufRepository } from '@sigstand/contracts/records';
import { publicPem } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { storeOver } from '@sigstand/store/cluster';
import type { Data, Store } from '@sigstand/store/store';
import { cli, type Ended } from '../../packages/sigstand/src/testing.ts';
import { startApiProxy } from '../faults/api-proxy.ts';
import { type Faults, Traffic } from '../faults/requests.ts';
import { madeAt } from '../made-stack.ts';
import { accessAs } from '../programs/identity.ts';
import { type KubeApiServer, startKubeApiServer } from '../programs/kube-apiserver.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { manifests } from '../stack.ts';
import { tend } from './tended.ts';

/* A stack on a real kube-apiserver: what its Jobs made, and services that sign with what their Secrets held when they
   started. Its API server can go away, and a proxy before it does what no API server does when it is asked to. */

export interface ServedStack {
  readonly plane: KubeApiServer;
  readonly store: Store;
  /** A folder of the tests. */
  readonly work: string;
  /** Runs the CLI behind a proxy, by which `faults` befall its requests. */
  readonly cli: (
    args: readonly string[],
    more?: { readonly faults?: Faults; readonly outage?: number; readonly signal?: AbortSignal },
  ) => Promise<Ended & { readonly traffic: Traffic }>;
  readonly stop: () => Promise<void>;
}

/** Starts one, with the Deployments and Jobs of these names. */
export async function servedStack(): Promise<ServedStack> {
  const [plane, made] = await Promise.all([
    startKubeApiServer(),
    // rotate goes by the API server's clock.
    madeAt(manifests, Date.now() - 60_000),
  ]);
  const config = kubeconfigAt(plane.kubeconfig);
  const store = storeOver(accessAs(config), 'test');
  const work = await mkdtemp(join(tmpdir(), 'sigstand-away-'));
  await apply(config);
  await Promise.all(
    made.map(([ref, { data, annotations }]) => store.write(ref, { data, annotations })),
  );
  const end = tend(config);
  const upgrade = portForward(store);
  return {
    ...{ plane, store, work },
    async cli(args, { faults, ...more } = {}) {
      const traffic = new Traffic(faults);
      const proxy = await startApiProxy(plane, traffic, { upgrade });
      const file = join(work, `${proxy.url.replace(/\D/g, '')}.yaml`);
      const through = new KubeConfig();
      const cluster = { server: proxy.url, caData: btoa(proxy.authority), skipTLSVerify: false };
      const user = config.getCurrentUser() ?? { name: 'nobody' };
      through.loadFromClusterAndUser({ name: 'proxy', ...cluster }, user);
      await writeFile(file, through.exportConfig());
      try {
        const ended = await cli([...args, `--kubeconfig=${file}`], more);
        return { ...ended, traffic };
      } finally {
        await proxy.close();
      }
    },
    async stop() {
      await end();
      await plane.stop();
      await rm(work, { recursive: true });
    },
  };
}

const wanted = [
  ...['Deployment tsa', 'Deployment rekor', 'Deployment tuf', 'CronJob createtuf'],
  ...['Job createcertchain', 'Job createsecret'],
];

async function apply(config: KubeConfig): Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  const batch = config.makeApiClient(BatchV1Api);
  const apps = config.makeApiClient(AppsV1Api);
  const of = (kind: string) => manifests.filter((one) => one.kind === kind) as never[];
  await Promise.all(of('Namespace').map((body) => core.createNamespace({ body })));
  const creating = manifests.map(async ({ kind, metadata, ...rest }) => {
    const { name, namespace = '', labels } = metadata;
    const body = { ...rest, metadata: { name, labels }, kind } as never;
    if (kind === 'Service') return core.createNamespacedService({ namespace, body });
    if (!wanted.includes(`${kind} ${name}`)) return;
    if (kind === 'Deployment') return apps.createNamespacedDeployment({ namespace, body });
    if (kind === 'CronJob') return batch.createNamespacedCronJob({ namespace, body });
    // What it made is there already.
    const spec = { ...rest.spec, suspend: true };
    const still = { kind, metadata: { name, ...(labels && { labels }) }, spec };
    return batch.createNamespacedJob({ namespace, body: still });
  });
  await Promise.all(creating);
}

interface PodSocket extends Duplex {
  pod: { readonly namespace: string; readonly name: string };
}

/** The web socket of `pods/portforward`: what is behind it answers as the services do. */
function portForward(store: Store) {
  const started = new Map<string, Promise<Data>>();
  /** What a Pod has read when it started; it is first asked right after that. */
  const readBy = (pod: string, ref: typeof tsaCertChain | typeof rekorSigningSecret) => {
    const known = started.get(pod) ?? store.read(ref).then((found) => found?.data ?? {});
    started.set(pod, known);
    return known;
  };
  const answer = async ({ socket, url = '' }: IncomingMessage): Promise<Uint8Array | undefined> => {
    const { namespace, name } = (socket as unknown as PodSocket).pod;
    if (namespace === 'tuf-system') {
      // The repository's files are flat there, as its web server has them.
      return (await store.read(tufRepository))?.data[url.slice(url.lastIndexOf('/') + 1)];
    }
    if (url === '/api/v1/timestamp/certchain') {
      return (await readBy(name, tsaCertChain))['cert-chain'];
    }
    if (url !== '/api/v1/log/publicKey') return undefined;
    const { 'signing-secret': sealed, 'signing-secret-password': password } = await readBy(
      name,
      rekorSigningSecret,
    );
    const none = new Uint8Array();
    return publicPem(createPublicKey(openPrivateKey(sealed ?? none, password ?? none)));
  };
  const services = createServer(async (asked: IncomingMessage, response: ServerResponse) => {
    try {
      const body = await answer(asked);
      response.writeHead(body ? 200 : 404).end(body);
    } catch {
      asked.socket.destroy();
    }
  });
  const { WebSocketServer } = createRequire(import.meta.url)('ws');
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => 'v4.channel.k8s.io',
  });
  return (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [, namespace = '', name = ''] =
      /namespaces\/([^/]+)\/pods\/([^/]+)\/portforward/.exec(asked.url ?? '') ?? [];
    // An API server that is away opens no socket.
    store.read(tufRepository).then(
      () =>
        sockets.handleUpgrade(asked, socket, head, (ws: Frames) => {
          services.emit('connection', connection(ws, { namespace, name }));
        }),
      () => socket.destroy(),
    );
  };
}

interface Frames {
  on(event: 'message' | 'close', listener: (data: Buffer) => void): void;
  send(data: Buffer): void;
  close(): void;
}

function connection(ws: Frames, pod: PodSocket['pod']): PodSocket {
  const port = Buffer.from([80, 0]);
  for (const channel of [0, 1]) ws.send(Buffer.concat([Uint8Array.of(channel), port]));
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      ws.send(Buffer.concat([Uint8Array.of(0), chunk]));
      done();
    },
    final(done) {
      ws.close();
      done();
    },
    destroy(error, done) {
      ws.close();
      done(error);
    },
  });
  ws.on('message', (data) => void (data[0] === 0 && stream.push(data.subarray(1))));
  ws.on('close', () => void stream.push(null));
  return Object.assign(stream, {
    pod,
    setTimeout: () => stream,
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
  }) as never;
}
