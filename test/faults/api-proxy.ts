import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Fault, Traffic } from './requests.ts';

/** The API server that the proxy stands before. */
export interface Upstream {
  readonly url: string;
  readonly authority: string;
}

export interface ApiProxy {
  readonly url: string;
  /** PEM of the certificate that it shows. */
  readonly authority: string;
  close(): Promise<void>;
}

/** Where a proxy listens, and the name that it is known by. */
export interface Place {
  readonly address?: string | undefined;
  readonly hostname?: string | undefined;
}

/** Answers what would become a web socket; without it, nobody does. */
export type Upgrade = (asked: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** A host and port as URLs and gRPC write them. */
export function hostPort({ address = '127.0.0.1', hostname = address }: Place, port: number) {
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}

/** A TLS proxy before a kube-apiserver, that lets befall each request what `traffic` says. */
export async function startApiProxy(
  { url, authority }: Upstream,
  traffic: Traffic,
  { upgrade, ...place }: Place & { readonly upgrade?: Upgrade } = {},
) {
  const { key, cert } = identity();
  const agent = agentFor(authority);
  const server = createServer({ key, cert }, (asked, answer) => {
    handle(asked, answer, { url, agent, traffic }).catch((error) => {
      // The Job was killed, or the API server is gone: the connection ends, as it would without a proxy.
      answer.destroy(error);
    });
  });
  if (upgrade) server.on('upgrade', upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, place.address ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const proxy: ApiProxy = {
    url: `https://${hostPort(place, port)}`,
    authority: cert,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

const agents = new Map<string, Agent>();

/** Proxies come and go with every Job; the connections behind them stay. */
function agentFor(authority: string): Agent {
  const agent = agents.get(authority) ?? new Agent({ keepAlive: true, ca: authority });
  agents.set(authority, agent);
  return agent;
}

interface Way {
  readonly url: string;
  readonly agent: Agent;
  readonly traffic: Traffic;
}

async function handle(asked: IncomingMessage, answer: ServerResponse, way: Way): Promise<void> {
  const body = await bytesOf(asked);
  const fault = await way.traffic.meet(describe(asked));
  if (fault?.kind === 'kill' && fault.when === 'before') return way.traffic.kill();
  if (fault?.kind === 'drop' && fault.when === 'before') return void asked.socket.destroy();
  if (fault?.kind === 'answer') return give(answer, fault);

  const given = await forward(asked, body, way);
  if (fault === undefined && isWatch(asked)) return void passOn(given, answer);
  const content = await bytesOf(given);
  if (fault?.kind === 'kill') return way.traffic.kill();
  if (fault?.kind === 'drop') return void asked.socket.destroy();
  answer.writeHead(given.statusCode ?? 502, given.headers);
  if (fault?.kind === 'truncate') {
    answer.write(content.subarray(0, content.length / 2), () => asked.socket.destroy());
    return;
  }
  answer.end(content);
}

/** A watch has no end that one could wait for. */
function isWatch({ url = '' }: IncomingMessage): boolean {
  return /[?&]watch=/.test(url);
}

function passOn(given: IncomingMessage, answer: ServerResponse): void {
  answer.once('close', () => given.destroy());
  given.once('error', () => answer.destroy());
  answer.writeHead(given.statusCode ?? 502, given.headers).flushHeaders();
  given.pipe(answer);
}

function forward(asked: IncomingMessage, body: Buffer, { url, agent }: Way) {
  const { pathname, search } = new URL(asked.url ?? '/', url);
  // The name that the Job knows the proxy by would be looked for in the API server's certificate.
  const { host: _, ...headers } = asked.headers;
  const options: RequestOptions = { method: asked.method, headers, agent };
  return new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL(pathname + search, url), options, resolve)
      .once('error', reject)
      .end(body);
  });
}

function give(answer: ServerResponse, fault: Extract<Fault, { kind: 'answer' }>): void {
  const status = {
    apiVersion: 'v1',
    kind: 'Status',
    status: 'Failure',
    message: 'put there by a test',
    code: fault.status,
  };
  answer.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
  answer.end(fault.body ?? JSON.stringify(status));
}

const kinds: Record<string, string> = {
  secrets: 'Secret',
  configmaps: 'ConfigMap',
  events: 'Event',
};

function describe({ method = 'GET', url = '/', headers }: IncomingMessage) {
  const [, namespace, resource = '', name] =
    /^\/api\/v1\/namespaces\/([^/]+)\/([^/?]+)\/([^/?]+)/.exec(url) ?? [];
  const verb = headers['content-type']?.includes('apply-patch') ? 'apply' : method.toLowerCase();
  const object = name ? `${kinds[resource] ?? resource} ${namespace}/${name}` : url;
  return { to: 'kubernetes', what: `${verb} ${object}`, writes: method !== 'GET' } as const;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

let made: { key: string; cert: string } | undefined;

/** The name that the proxies' certificate has beside the loopback addresses. */
export const proxyName = 'proxy.test';

/** A key and certificate for the loopback addresses, the same for all proxies of the process. */
function identity(): { key: string; cert: string } {
  if (made) return made;
  const dir = mkdtempSync(join(tmpdir(), 'sigstand-proxy-'));
  try {
    const kind = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      // Some Jobs believe that it is 2038.
      '36500',
    ];
    const names = `IP:127.0.0.1,IP:::1,DNS:${proxyName}`;
    const name = ['-subj', '/CN=proxy', '-addext', `subjectAltName=${names}`];
    const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
    // Made yesterday, for Jobs whose clock is behind.
    execFileSync(
      'faketime',
      ['-f', '-1d', 'openssl', 'req', '-x509', ...kind, ...name, '-keyout', key, '-out', cert],
      {
        stdio: 'ignore',
      },
    );
    made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    return made;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
