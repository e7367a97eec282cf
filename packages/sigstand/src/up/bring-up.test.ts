import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bringUp } from './bring-up.ts';
import type { KubeObject } from './objects.ts';
import { planOf } from './plan.ts';

/* An API server of ours, whose answers take as long as a test wants. */

/** What was asked for and what was answered, in order. */
let told: string[];
/** Answers what nobody's watch tells of. */
let answer: (() => void) | undefined;
const watches = new Map<string, ServerResponse>();

const server = createServer(async (request: IncomingMessage, response) => {
  const url = new URL(request.url ?? '', 'http://x');
  if (url.searchParams.has('watch')) {
    watches.set(`${url.pathname}${url.searchParams.get('labelSelector') ?? ''}`, response);
    response.writeHead(200).flushHeaders();
    return;
  }
  const name = url.pathname.split('/').at(-1);
  if (request.method === 'PATCH') {
    told.push(`applied ${name}`);
    const object = JSON.parse(await text(request));
    response.end(JSON.stringify({ ...object, metadata: { ...object.metadata, uid: name } }));
    return;
  }
  answer = () => {
    told.push(`answered ${name}`);
    response.writeHead(404).end('{}');
  };
});
beforeEach(async () => {
  told = [];
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const deployment = (name: string, secretName: string): KubeObject => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'a', name } },
  spec: {
    template: {
      spec: {
        ...{ serviceAccountName: 'own', automountServiceAccountToken: false },
        volumes: [{ secret: { secretName } }],
      },
    },
  },
});

it('applies what has its inputs while it asks for those of others', async () => {
  const { port } = server.address() as AddressInfo;
  const over = new AbortController();
  const access = {
    server: `http://127.0.0.1:${port}`,
    options: async () => ({}),
    forget: () => {},
  };
  const running = bringUp({
    ...{ access, plan: planOf([deployment('late', 'theirs'), deployment('soon', 'keys')]) },
    already: new Map(),
    applying: {
      kinds: { has: () => true, all: () => ['x'], at: (_kind, { name }) => ['x', name] },
      ...{ force: false, before: () => undefined, end: Date.now() + 60_000 },
    },
    report: { done: () => {}, waiting: () => {} },
    ...{ timeout: 60_000, patience: 60_000, signal: over.signal },
  });
  const ended = running.catch((error) => error);
  await expect.poll(() => answer).toBeDefined();
  const object = { metadata: { namespace: 'a', name: 'keys' } };
  const secrets = () => [...watches].find(([path]) => path.startsWith('/api/v1/secrets'))?.[1];
  await expect.poll(secrets).toBeDefined();
  secrets()?.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  await expect.poll(() => told, { timeout: 3_000 }).toContain('applied soon');
  answer?.();
  over.abort();
  expect(await ended).toMatchObject({ name: 'AbortError' });
  expect(told[0]).toBe('applied soon');
});
