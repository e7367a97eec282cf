import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Applying, applied } from './apply.ts';
import type { KubeObject } from './objects.ts';

/* An API server of ours that answers, or cuts off, one request after another. */

type Answer = readonly [asked: string, status: number, body: object] | 'cut';
let answers: Answer[] = [];
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method}`);
  const next = answers.shift();
  if (next === undefined || next === 'cut') return void request.socket.destroy();
  response.writeHead(next[1]).end(JSON.stringify(next[2]));
});
let told: string[] = [];
let how: Applying;
beforeEach(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  told = [];
  asked.length = 0;
  how = {
    access: {
      server: `http://127.0.0.1:${port}`,
      options: async () => ({}),
      forget: () => {},
    },
    kinds: { has: () => true, all: () => ['x'], at: () => ['x', 'y'] },
    ...{ force: false, before: () => undefined, end: Date.now() + 60_000 },
    waiting: (title, why) => void told.push(`${title}: ${why}`),
    signal: new AbortController().signal,
  };
});
afterEach(() => new Promise((closed) => server.close(closed)));

const service = (uid: string, more: object = {}): KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'Service' },
  metadata: { namespace: 'a', name: 'tuf', uid, ...more },
});
const wanted = service('');
const going = service('1', { deletionTimestamp: '2031-01-01T00:00:00Z' });

it('makes anew what is being deleted, when that is gone', async () => {
  answers = [
    ['PATCH', 200, going],
    ['GET', 200, going],
    ['DELETE', 200, going],
    ['GET', 200, going],
    'cut',
    ['GET', 404, {}],
    ['PATCH', 201, service('2')],
  ];
  expect(await applied(wanted, how)).toEqual({ object: service('2'), outcome: 'remade' });
  expect(asked).toEqual(['PATCH', 'GET', 'DELETE', 'GET', 'GET', 'GET', 'PATCH']);
  expect(told).toEqual([
    'Service a/tuf: what was there is being deleted',
    'Service a/tuf: get Service a/tuf: the API server did not answer (ECONNRESET)',
  ]);
});

it('waits for a webhook that does not answer, and names it', async () => {
  const message =
    'Internal error occurred: failed calling webhook "hook.example": failed to call webhook: Post "https://hook.a.svc:443/?timeout=10s": dial tcp 10.96.7.7:443: connect: connection refused';
  answers = [
    ['PATCH', 500, { reason: 'InternalError', message }],
    ['PATCH', 201, service('1')],
  ];
  expect(await applied(wanted, how)).toMatchObject({ outcome: 'created' });
  expect(told).toEqual([
    'Service a/tuf: apply Service a/tuf: the API server answered 500 InternalError: it failed to call the webhook hook.example (dial tcp 10.96.7.7:443: connect: connection refused)',
  ]);
});
