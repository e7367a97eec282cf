import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Access } from '@sigstand/store/api';
import { afterEach, expect, it } from 'vitest';
import { watching } from './watch.ts';

/* An API server of ours, for what a real one does only after a while. */

const open: ServerResponse[] = [];
const server = createServer((_request, response) => {
  open.push(response.writeHead(200));
  const metadata = { namespace: 'a', name: `seen-${open.length}` };
  const object = { apiVersion: 'v1', kind: 'Secret', metadata };
  response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
});

afterEach(() => server.close());

it('begins a watch anew that was cut off, however long it had gone well', async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const access: Access = {
    server: `http://127.0.0.1:${port}`,
    options: async () => ({}),
    forget: () => {},
  };
  const seen: string[] = [];
  const over = new AbortController();
  const watcher = {
    begun: () => {},
    is: ({ metadata }: { metadata: { name: string } }) => void seen.push(metadata.name),
    gone: () => {},
  };
  const done = watching(
    access,
    { path: ['api', 'v1', 'secrets'] },
    { watcher, signal: over.signal, patience: 300 },
  );
  await sleep(500);
  open[0]?.destroy();
  await Promise.race([done, expect.poll(() => seen, { timeout: 5_000 }).toHaveLength(2)]);
  expect(seen).toEqual(['seen-1', 'seen-2']);
  over.abort();
  await done;
});
