import { connect, createServer, type Socket } from 'node:net';

/** What befalls a connection; `cut` ends it after so many bytes of the server's answer. */
export type Mishap =
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut'; readonly after: number };

export interface TcpProxy {
  /** As host:port. */
  readonly address: string;
  readonly port: number;
  /** How many connections there have been. */
  connections(): number;
  /** Ends all connections, and refuses new ones from then on. */
  close(): Promise<void>;
}

/**
 * A TCP proxy before a server on loopback, that lets befall its nth connection, from 1, what `mishap`
 * says. A server that is late is one whose proxy is started late, on a port that is known before.
 */
export async function startTcpProxy({
  to,
  port = 0,
  mishap = () => undefined,
}: {
  to: number;
  port?: number;
  mishap?: (n: number) => Mishap | undefined;
}): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let count = 0;
  const keep = (socket: Socket) => {
    open.add(socket);
    // A reset by either side is what the test is about.
    socket.on('error', () => {}).once('close', () => open.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    count += 1;
    const befalls = mishap(count);
    keep(client);
    if (befalls?.kind === 'reset') client.resetAndDestroy();
    else if (befalls?.kind === 'hang') client.resume();
    else pass(client, keep(connect(to, '127.0.0.1')), befalls?.after);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    address: `127.0.0.1:${address.port}`,
    port: address.port,
    connections: () => count,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function pass(client: Socket, server: Socket, limit = Number.POSITIVE_INFINITY): void {
  let left = limit;
  client.pipe(server);
  server.on('data', (bytes: Buffer) => {
    client.write(bytes.subarray(0, left));
    left -= bytes.length;
    if (left <= 0) client.end(() => client.destroy());
  });
  server.once('close', () => client.destroy());
  client.once('close', () => server.destroy());
}
