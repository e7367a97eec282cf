import { promises as dns } from 'node:dns';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { expect, it, onTestFinished, vi } from 'vitest';
import { connectTrillian } from './trillian.ts';

/** The address of a server that lists no trees: its answer is an empty message. */
async function emptyTrillian(): Promise<number> {
  const server = new Server();
  const same = (bytes: Buffer) => bytes;
  const path = '/trillian.TrillianAdmin/ListTrees';
  server.register(
    path,
    (_call: unknown, answer: sendUnaryData<Buffer>) => answer(null, Buffer.of()),
    same,
    same,
    'unary',
  );
  onTestFinished(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function client(address: string, signal = new AbortController().signal, timeout = 20_000) {
  const trillian = connectTrillian(address, { roots: undefined, timeout, signal });
  onTestFinished(() => trillian.close());
  return trillian;
}

it('goes on at once when the name of the server comes late', async () => {
  const port = await emptyTrillian();
  let known = false;
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation((async () => {
    if (known) return [{ address: '127.0.0.1', family: 4 }];
    throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  }) as unknown as typeof dns.lookup);
  onTestFinished(() => lookup.mockRestore());

  const trillian = client(`trillian.test:${port}`);
  await expect(trillian.listTrees()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  let named = 0;
  setTimeout(() => {
    known = true;
    named = performance.now();
  }, 1_000);
  expect(await trillian.listTrees()).toEqual([]);
  expect(performance.now() - named).toBeLessThan(1_000);
});

it('stops at once when it is told to while a server is silent', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void silent.close());
  const stop = new AbortController();
  const { port } = silent.address() as AddressInfo;
  const call = client(`127.0.0.1:${port}`, stop.signal).listTrees();
  setTimeout(() => stop.abort(), 100);
  const start = performance.now();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  expect(performance.now() - start).toBeLessThan(1_000);
});

/** A way to a Trillian without trees on which the first connection has no answer. */
async function deafOnce() {
  const port = await emptyTrillian();
  let connections = 0;
  const front = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    if (connections > 1) socket.pipe(connect(port, '127.0.0.1')).pipe(socket);
  });
  return { front, connections: () => connections };
}

it('asks on a new connection after one that was taken and stayed silent', async () => {
  const { front } = await deafOnce();
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void front.close());
  const address = `127.0.0.1:${(front.address() as AddressInfo).port}`;
  const trillian = client(address, new AbortController().signal, 600);
  await expect(trillian.listTrees()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(await trillian.listTrees()).toEqual([]);
});

it('asks on a new connection after one that came to nothing while it waited', async () => {
  const { front, connections } = await deafOnce();
  const listen = (at: number) =>
    new Promise<void>((resolve) => front.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const { port: at } = front.address() as AddressInfo;
  await new Promise((resolve) => front.close(resolve));
  const trillian = client(`127.0.0.1:${at}`);
  await expect(trillian.listTrees()).rejects.toMatchObject({ code: 'UNAVAILABLE' });

  await listen(at);
  onTestFinished(() => void front.close());
  expect(await trillian.listTrees()).toEqual([]);
  expect(connections()).toBe(2);
});
