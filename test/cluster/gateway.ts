import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { startInside } from './inside.ts';
import type { Rig } from './rig.ts';
import { splice } from './splice.ts';

/** The way from this process into the cluster's network. */
export interface Gateway {
  /** A port of 127.0.0.1 behind which a host of the cluster answers. */
  port(host: string, port?: number): Promise<number>;
  /** A URL for the same; Service names resolve inside the cluster. */
  url(host: string, port?: number): Promise<string>;
  close(): Promise<void>;
}

/** Opens a gateway; `folder` is for its socket. */
export async function openGateway(cluster: Rig, folder: string): Promise<Gateway> {
  const path = join(folder, 'gateway.sock');
  const program = join(import.meta.dirname, 'gateway-inside.ts');
  const inside = await startInside(cluster, program, [path]);

  // Two may ask for one at the same time.
  const servers = new Map<string, Promise<Server>>();
  const serve = async (target: string) => {
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const through = connect({ path, allowHalfOpen: true });
      through.write(target);
      splice(client, through);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server;
  };
  const port: Gateway['port'] = async (host, port = 80) => {
    const target = `${host} ${port}\n`;
    const server = servers.get(target) ?? serve(target);
    servers.set(target, server);
    return ((await server).address() as AddressInfo).port;
  };
  return {
    port,
    url: async (host, at) => `http://127.0.0.1:${await port(host, at)}`,
    async close() {
      for (const server of servers.values()) (await server).close();
      await inside.close();
    },
  };
}

/** GET over a connection of its own: one that was kept would end with its Pod. */
export function get(url: string): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: 20_000 }, async (answer) => {
      try {
        resolve({ status: answer.statusCode ?? 0, body: await buffer(answer) });
      } catch (error) {
        reject(error);
      }
    });
    asked.on('timeout', () => asked.destroy(new Error(`${url}: no answer in 20 s`)));
    asked.on('error', reject).end();
  });
}
