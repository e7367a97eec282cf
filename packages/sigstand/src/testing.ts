import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { sigstand } from './cli.ts';

/** What the CLI came to. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the CLI in process; for tests. */
export async function cli(
  args: readonly string[],
  {
    env = {},
    now = () => new Date(),
    signal = new AbortController().signal,
    outage,
  }: {
    env?: Record<string, string>;
    now?: () => Date;
    signal?: AbortSignal;
    outage?: number | undefined;
  } = {},
): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const status = await sigstand({
    ...{ args, env, now, signal, outage },
    stdout: (more) => {
      stdout += more;
    },
    stderr: (more) => {
      stderr += more;
    },
  });
  return { status, stdout, stderr };
}

/** One request that a stand-in was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** What a stand-in answers. */
export interface Answer {
  readonly status?: number;
  readonly body: string | Uint8Array;
}

/** A server of ours in the place of a real one, which notes what it is asked. */
export async function standIn(answer: (asked: Asked) => Answer): Promise<{
  readonly url: string;
  readonly asked: readonly Asked[];
  readonly close: () => void;
}> {
  const asked: Asked[] = [];
  const server: Server = createServer(async (request: IncomingMessage, response) => {
    const { method = '', url = '' } = request;
    const one = { method, url, body: await text(request) };
    asked.push(one);
    const { status = 200, body } = answer(one);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}

/** A folder with a kubeconfig of two contexts: `here`, the current one, and `elsewhere`, where nobody listens. */
export async function kubeconfigFor(server: string) {
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-cli-'));
  const path = join(folder, 'kubeconfig');
  const context = (name: string) => ({ name, context: { cluster: name, user: 'me' } });
  const config = {
    clusters: [
      { name: 'here', cluster: { server } },
      { name: 'elsewhere', cluster: { server: 'http://127.0.0.1:9' } },
    ],
    users: [{ name: 'me', user: { token: 'my-own-login' } }],
    contexts: [context('here'), context('elsewhere')],
    'current-context': 'here',
  };
  await writeFile(path, JSON.stringify(config));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
