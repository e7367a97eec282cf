import { createServer as createPlain, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { opensslCertificate } from '@sigstand/pki/testing';
import { startTlsServer } from './tls.ts';

/** What arrived somewhere: where, by whom, for what. */
export type Arrival = Readonly<Record<string, unknown>>;

/**
 * An API server with TLS and one without, an HTTP and a SOCKS proxy before them, all of ours. They
 * refuse every request, and note who came.
 */
export async function openGround() {
  await using opening = new AsyncDisposableStack();
  const arrivals: Arrival[] = [];
  const client = opensslCertificate({ subject: '/CN=client', extensions: [] });
  const names = 'IP:127.0.0.1,DNS:api.test';
  const secure = await startTlsServer(
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const { CN } = socket.getPeerCertificate()?.subject ?? {};
      arrivals.push({ at: 'https', sni: socket.servername || '', client: CN, ...asked(request) });
      response.writeHead(400, { 'content-type': 'application/json' }).end('{}');
    },
    { names, requestCert: true, rejectUnauthorized: false },
  );
  opening.defer(secure.close);

  const plain = createPlain((request, response) => {
    arrivals.push({ at: 'http', ...asked(request) });
    response.writeHead(400, { 'content-type': 'application/json' }).end('{}');
  });
  const proxy = createPlain((request, response) => {
    arrivals.push({ at: 'proxy', ...asked(request), ...ofProxy(request) });
    response.writeHead(400, { 'content-type': 'application/json' }).end('{}');
  });
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    arrivals.push({ at: 'proxy', connect: request.url, ...ofProxy(request) });
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    join(socket, secure.port);
  });
  const socks = createTcp((socket) => socksTo(secure.port, socket, arrivals));
  const sockets = new Set<Socket>();
  for (const server of [proxy, socks]) server.on('connection', (socket) => sockets.add(socket));
  const ports: number[] = [];
  for (const server of [plain, proxy, socks]) {
    ports.push(await listening(server));
    opening.defer(() => closed(server));
  }
  // The first thing on the way out: a tunnel would keep its server open.
  opening.defer(() => {
    for (const socket of sockets) socket.destroy();
  });
  const [http, byHttp, bySocks] = ports.map((port) => `127.0.0.1:${port}`);
  const opened = opening.move();
  return {
    secure: `127.0.0.1:${secure.port}`,
    port: secure.port,
    authority: secure.authority,
    client,
    ...{ http, proxy: byHttp, socks: bySocks },
    /** What arrived since the last call. */
    take: () => arrivals.splice(0),
    close: () => opened.disposeAsync(),
  };
}

export type Ground = Awaited<ReturnType<typeof openGround>>;

function asked({ method, url, headers }: IncomingMessage): Arrival {
  const impersonate = Object.entries(headers).filter(([name]) => name.startsWith('impersonate-'));
  return { method, url, authorization: headers.authorization, ...Object.fromEntries(impersonate) };
}

function ofProxy({ headers }: IncomingMessage): Arrival {
  return { proxyAuthorization: headers['proxy-authorization'] };
}

/** RFC 1928, as far as a client without a password needs it. */
function socksTo(port: number, socket: Socket, arrivals: Arrival[]): void {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.write(Buffer.from([5, 0]));
    socket.once('data', (request) => {
      const kind = request[3];
      const host = kind === 3 ? request.subarray(5, request.length - 2).toString() : `kind ${kind}`;
      arrivals.push({
        at: 'socks',
        connect: `${host}:${request.readUInt16BE(request.length - 2)}`,
      });
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      join(socket, port);
    });
  });
}

function join(socket: Socket, port: number): void {
  const onwards = connect(port, '127.0.0.1');
  onwards.pipe(socket).pipe(onwards);
  for (const one of [socket, onwards]) one.on('error', () => onwards.destroy());
}

async function listening(server: Server | ReturnType<typeof createTcp>): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server | ReturnType<typeof createTcp>): Promise<void> {
  if ('closeAllConnections' in server) server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
