import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { asJobError } from '@sigstand/job/errors';
import type { Way } from './way.ts';

/** A server on loopback in the place of services, for libraries that know URLs alone. */
export interface Front {
  /** A URL on loopback that means the one given. */
  url(meant: string): string;
  close(): void;
}

/** Opens one; it passes on what it is asked by the way given. */
export async function openFront(way: Way): Promise<Front> {
  const origins: string[] = [];
  const server = createServer(async (request, response) => {
    const [, index = '', rest = ''] = /^\/(\d+)(\/.*)?$/.exec(request.url ?? '') ?? [];
    const origin = origins[Number(index)];
    const body = await buffer(request);
    try {
      if (origin === undefined) throw new Error('it means nothing');
      const answer = await way({
        url: origin + rest,
        method: request.method === 'POST' ? 'POST' : 'GET',
        ...(body.length > 0 && { body, type: request.headers['content-type'] ?? '' }),
      });
      response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
    } catch (error) {
      const message = asJobError(error).message;
      response.writeHead(502, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message }));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url(meant) {
      const { origin, pathname } = new URL(meant);
      const path = pathname === '/' ? '' : pathname;
      return `http://127.0.0.1:${port}/${origins.push(origin) - 1}${path}`;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
