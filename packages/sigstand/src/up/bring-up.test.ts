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
  watches.clear();
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

/** A bring-up against that server; `told` hears what it reports, too. */
function bringing(objects: readonly KubeObject[], signal: AbortSignal) {
  const { port } = server.address() as AddressInfo;
  const access = {
    server: `http://127.0.0.1:${port}`,
    options: async () => ({}),
    forget: () => {},
  };
  return bringUp({
    ...{ access, plan: planOf(objects) },
    already: new Map(),
    applying: {
      kinds: { has: () => true, all: () => ['x'], at: (_kind, { name }) => ['x', name] },
      ...{ force: false, before: () => undefined, end: Date.now() + 60_000 },
    },
    report: {
      done: (step) => told.push(step),
      waiting: () => {},
      worked: () => told.push('all work is done'),
    },
    ...{ timeout: 60_000, patience: 60_000, signal },
  });
}

/** Tells the watch of a path. */
async function see(path: string, object: object): Promise<void> {
  const watch = () => [...watches].find(([one]) => one.startsWith(path))?.[1];
  await expect.poll(watch).toBeDefined();
  watch()?.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
}

it('applies what has its inputs while it asks for those of others', async () => {
  const over = new AbortController();
  const objects = [deployment('late', 'theirs'), deployment('soon', 'keys')];
  const ended = bringing(objects, over.signal).catch((error) => error);
  await expect.poll(() => answer).toBeDefined();
  await see('/api/v1/secrets', { metadata: { namespace: 'a', name: 'keys' } });
  await expect.poll(() => told, { timeout: 3_000 }).toContain('applied soon');
  answer?.();
  over.abort();
  expect(await ended).toMatchObject({ name: 'AbortError' });
  expect(told[0]).toBe('applied soon');
});

it('tells that all work is done before Kubernetes calls the Job Complete', async () => {
  const template = { spec: { serviceAccountName: 'own', automountServiceAccountToken: false } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { namespace: 'a', name: 'job' } };
  const running = bringing([{ ...job, spec: { template } }], new AbortController().signal);
  const metadata = { ...job.metadata, uid: 'job' };
  await see('/apis/batch/v1/jobs', { ...job, metadata });
  await see('/api/v1/pods', {
    metadata: { namespace: 'a', name: 'job-x', ownerReferences: [{ kind: 'Job', ...metadata }] },
    status: { containerStatuses: [{ name: 'job', state: { terminated: { exitCode: 0 } } }] },
  });
  await expect.poll(() => told, { timeout: 3_000 }).toContain('all work is done');
  expect(told).not.toContain('Job a/job');
  const conditions = [{ type: 'Complete', status: 'True' }];
  await see('/apis/batch/v1/jobs', { ...job, metadata, status: { conditions } });
  expect([...(await running).keys()]).toEqual(['Job a/job']);
  expect(told.filter((one) => one === 'all work is done')).toHaveLength(1);
});
