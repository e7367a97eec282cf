import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A package registry on loopback. */
export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves these bodies by their paths, and 404 for all else, as a registry does that has lost what was pinned. */
export async function registry(bodies: Readonly<Record<string, string>> = {}): Promise<Registry> {
  const server = createServer(({ url = '' }, answer) => {
    const body = bodies[url];
    if (body === undefined) answer.writeHead(404).end('not found\n');
    else answer.writeHead(200, { 'content-type': 'text/html' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
