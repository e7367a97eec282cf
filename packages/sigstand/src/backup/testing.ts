import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Contract } from '@sigstand/contracts/contract';
import { records } from '@sigstand/contracts/records';

/** What a command in the Pod does; `cut` ends the connection without a word. */
export interface Ran {
  readonly stdout?: string | Buffer;
  readonly stderr?: string;
  readonly status?: number;
  readonly cut?: true;
}

type Run = (words: readonly string[], stdin: Buffer) => Ran | Promise<Ran>;

interface Shown {
  kind: string;
  metadata: Record<string, unknown> & { name: string; namespace?: string };
  [field: string]: unknown;
}

interface Deletion {
  readonly preconditions: { readonly uid: string };
}

/** An API server of ours in the place of a real one: it keeps objects by their paths, and runs what is given. */
export async function fakeCluster(run: Run = () => ({ status: 1 })) {
  const objects = new Map<string, Shown>();
  const asked: string[] = [];
  let version = 0;
  /** Called before each answer, as whoever else writes at the same time. */
  const hooks: {
    before?: (request: string) => void | Promise<void>;
    /** Called after a request was done: whether its answer arrives. */
    after?: (request: string) => boolean;
    /** What is answered by 403. */
    forbids?: (request: string) => boolean;
  } = {};
  const put = (path: string, one: object) => {
    version += 1;
    const { metadata, ...rest } = one as Shown;
    const kept = { ...metadata, resourceVersion: String(version), uid: `uid-${version}` };
    const shown: Shown = { apiVersion: 'v1', ...rest, kind: (one as Shown).kind, metadata: kept };
    objects.set(path, shown);
    return shown;
  };

  const answer = async (request: IncomingMessage): Promise<[number, object]> => {
    const { method = '', url = '' } = request;
    const path = decodeURIComponent(new URL(url, 'http://a').pathname);
    asked.push(`${method} ${path}`);
    await hooks.before?.(`${method} ${path}`);
    if (hooks.forbids?.(`${method} ${path}`)) return [403, failure('Forbidden')];
    const found = objects.get(path);
    if (method === 'GET') return found ? [200, found] : [404, failure('NotFound')];
    const body = (await json(request)) as Shown;
    if (method === 'POST') return posted(path, body);
    if (!found) return [404, failure('NotFound')];
    if (method === 'DELETE') return deleted(path, found, body as never);
    const stale = body.metadata.resourceVersion !== found.metadata.resourceVersion;
    return stale ? [409, failure('Conflict')] : [200, put(path, body)];
  };
  const deleted = (path: string, found: Shown, { preconditions }: Deletion): [number, object] => {
    if (preconditions.uid !== found.metadata.uid) return [409, failure('Conflict')];
    objects.delete(path);
    return [200, found];
  };
  const posted = (path: string, body: Shown): [number, object] => {
    const place = `${path}/${body.metadata.name}`;
    if (objects.has(place)) return [409, failure('AlreadyExists')];
    const [namespace] = /^\/api\/v1\/namespaces\/[^/]+/.exec(path) ?? [];
    if (namespace && !objects.has(namespace)) return [404, failure('NotFound')];
    return [201, put(place, body)];
  };

  const server = createServer(async (request, response) => {
    // Where a hook throws, nobody answers.
    const answered = await answer(request).catch(() => undefined);
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://a').pathname);
    const arrives = hooks.after?.(`${request.method} ${path}`) ?? true;
    if (answered === undefined || !arrives) return void request.socket.destroy();
    const [status, body] = answered;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  serveExec(server, asked, run);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, objects, asked, hooks, put },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

export type FakeCluster = Awaited<ReturnType<typeof fakeCluster>>;

function failure(reason: string): object {
  return { kind: 'Status', reason, message: 'refused' };
}

/** The web socket of `pods/exec`, by v5.channel.k8s.io. */
function serveExec(server: ReturnType<typeof createServer>, asked: string[], run: Run): void {
  const { WebSocketServer } = createRequire(import.meta.url)('ws');
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'v5.channel.k8s.io' });
  sockets.on('connection', (socket: never, { url = '' }: IncomingMessage) => {
    const query = new URL(url, 'http://a').searchParams;
    asked.push(`EXEC ${url.split('?')[0]}`);
    void serveOne(socket, query, run);
  });
}

interface ServerSocket {
  on(event: 'message', listener: (data: Buffer) => void): void;
  send(data: Buffer): void;
  close(): void;
}

async function serveOne(socket: ServerSocket, query: URLSearchParams, run: Run): Promise<void> {
  const words = query.getAll('command');
  const stdin: Buffer[] = [];
  if (query.has('stdin')) {
    await new Promise<void>((over) => {
      socket.on('message', (data) => {
        if (data[0] === 0) stdin.push(data.subarray(1));
        if (data[0] === 255) over();
      });
    });
  }
  const { stdout = '', stderr = '', status = 0, cut } = await run(words, Buffer.concat(stdin));
  const send = (channel: number, bytes: string | Buffer) =>
    socket.send(Buffer.concat([Uint8Array.of(channel), Buffer.from(bytes)]));
  send(1, stdout);
  if (stderr) send(2, stderr);
  const causes = [{ reason: 'ExitCode', message: String(status) }];
  const ended =
    status === 0
      ? { status: 'Success' }
      : { status: 'Failure', reason: 'NonZeroExitCode', details: { causes } };
  if (!cut) send(3, JSON.stringify(ended));
  socket.close();
}

export const trees = { rekor: '5577006791947779410', ctlog: '8674665223082153551' } as const;
/** What no message may tell. */
export const password = 'hunter2-of-the-database';

const special: Record<string, string> = {
  'rekor-config treeID': trees.rekor,
  'ctlog-config treeID': trees.ctlog,
  'trillian-mysql database': 'trillian',
  'trillian-mysql root-password': password,
};

/** What a record of a whole stack holds. */
export function valuesOf({ name, keys, notes = [] }: Contract) {
  const files = { '1.root.json': '{"root":1}', 'timestamp.json': '{"signed":{"version":8}}' };
  const each = keys.map((key) => [key, special[`${name} ${key}`] ?? `${name} ${key}`]);
  return {
    values:
      name === 'tuf-repository' ? files : (Object.fromEntries(each) as Record<string, string>),
    annotations: Object.fromEntries(notes.map((note) => [note, `of ${name}`])),
  };
}

/** Puts a whole stack in, whose namespaces begin with `prefix`. */
export function plantStack({ put }: FakeCluster, prefix = ''): void {
  for (const record of records) {
    const { kind, name } = record;
    const namespace = `${prefix}${record.namespace}`;
    const { values, annotations } = valuesOf(record);
    const data = kind === 'Secret' ? base64(values) : values;
    const labels = { 'app.kubernetes.io/part-of': 'sigstand' };
    const enforce = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    put(`/api/v1/namespaces/${namespace}`, {
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { ...enforce, 'kubernetes.io/metadata.name': namespace },
      },
    });
    put(`/api/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`, {
      ...{ kind, metadata: { namespace, name, labels, annotations }, data },
      ...(kind === 'Secret' && { type: 'Opaque' }),
    });
  }
  plantPod({ put }, prefix);
}

/** The database's Pod, which is ready. */
export function plantPod({ put }: Pick<FakeCluster, 'put'>, prefix = '', ready = 'True'): void {
  const namespace = `${prefix}trillian-system`;
  put(`/api/v1/namespaces/${namespace}/pods/mysql-trillian-0`, {
    kind: 'Pod',
    metadata: { namespace, name: 'mysql-trillian-0' },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  });
}

function base64(values: Record<string, string>): Record<string, string> {
  const encoded = Object.entries(values).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  return Object.fromEntries(encoded);
}

/** A dump as mariadb-dump 10.11 writes it, of two trees; `extra` are lines in the middle. */
export function dumpText(extra = ''): string {
  return `/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB
${extra}
INSERT INTO \`TreeHead\` (\`TreeId\`, \`TreeHeadTimestamp\`, \`TreeSize\`, \`RootHash\`, \`RootSignature\`, \`TreeRevision\`) VALUES (${trees.rekor},100,0,0xE3B0C442,'',0),
(${trees.rekor},300,57,0xAABB,'',2),
(${trees.rekor},200,12,0xCC,'',1);
INSERT INTO \`TreeHead\` (\`TreeId\`, \`TreeHeadTimestamp\`, \`TreeSize\`, \`RootHash\`, \`RootSignature\`, \`TreeRevision\`) VALUES (${trees.ctlog},150,41,0xDD,'',1);
-- Dump completed on 2026-11-27  7:45:37
`;
}
