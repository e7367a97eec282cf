import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { patient } from './outage.ts';
import { openSocket } from './socket.ts';

let asked = 0;
let status = 0;
const server = createServer().on('upgrade', (_request, socket) => {
  asked += 1;
  socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
});
afterEach(() => void server.close());

/** Asks one that answers so for a socket; resolves to the error, and how often it was asked. */
async function refusedBy(answer: number) {
  [asked, status] = [0, answer];
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const access = patient(
    { server: `http://127.0.0.1:${port}`, options: async () => ({}), forget: () => {} },
    { log: () => {}, signal: new AbortController().signal, outage: 600 },
  );
  await access.patiently?.(async () => {});
  const way = { path: '/x', to: 'Pod a/b', right: 'create it', hint: '' };
  const error = await openSocket(access, way, () => {}).catch((error: Error) => error);
  return { error, asked };
}

it.each([429, 502, 503, 504])('an API server that answers %i is waited for', async (answer) => {
  const { error, asked } = await refusedBy(answer);
  expect(error).toMatchObject({
    failure: 'tryAgain',
    message: `no way to Pod a/b: the API server answered ${answer}`,
  });
  expect(asked).toBeGreaterThan(2);
});

it.each([
  [403, 'forbidden'],
  [404, 'unavailable'],
  // Of a kubelet behind it.
  [500, 'unavailable'],
])('one that answers %i is not', async (answer, failure) => {
  const { error, asked } = await refusedBy(answer);
  expect(error).toMatchObject({
    failure,
    message: `no way to Pod a/b: the API server answered ${answer}`,
  });
  expect(asked).toBe(1);
});
