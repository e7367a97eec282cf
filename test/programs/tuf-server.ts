import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ofKind } from '../stack.ts';
import { binary } from './binaries.ts';
import { freePort, type Server, startServer } from './server.ts';

/** Where the manifest puts the repository, the writable files, the port and the log. */
const inPod = {
  repository: '/srv/tuf',
  writable: '/tmp/',
  listen: 'listen 8080;\n    listen [::]:8080;',
  log: '/dev/stdout',
};

/** Where the server runs; by default here, on a free port of the loopback address. */
export interface Listening {
  /** Host and port. */
  readonly listen: string;
  /** A command that runs the server, such as in another network. */
  readonly by: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it serves, asked from here. */
  readonly ready: () => Promise<boolean>;
}

/**
 * nginx with the configuration of the manifest, over a folder of files; `scratch` is for its own.
 * Resolves to the server and its URL.
 */
export async function startTufServer(
  repository: string,
  scratch: string,
  elsewhere?: Listening,
): Promise<Server & { readonly url: string }> {
  const listen = elsewhere?.listen ?? `127.0.0.1:${await freePort()}`;
  const writable = join(scratch, 'nginx/');
  await mkdir(writable);
  // Its worker is nobody, where the tests run as root.
  for (const folder of [scratch, writable]) await chmod(folder, 0o777);
  const config = join(scratch, 'nginx.conf');
  await writeFile(
    config,
    manifestConfig()
      .replaceAll(inPod.writable, writable)
      // A socket, which Node gives its children as standard output, cannot be opened by name.
      .replace(inPod.log, `${writable}access.log`)
      .replace(inPod.repository, repository)
      .replace(inPod.listen, `listen ${listen};`),
  );
  const url = `http://${listen}`;
  const [command, ...args] = [...(elsewhere?.by ?? []), binary('nginx')] as [string, ...string[]];
  args.push('-e', 'stderr', '-c', config, '-g', 'daemon off;');
  const { env = {}, ready = `${url}/healthz` } = elsewhere ?? {};
  return { ...(await startServer({ command, args, env, ready })), url };
}

/** nginx.conf as the manifest has it. */
export function manifestConfig(): string {
  const config = ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'tuf-server');
  const text = String(config?.data?.['nginx.conf'] ?? '');
  for (const part of Object.values(inPod)) {
    if (!text.includes(part)) throw new Error(`the TUF server's configuration lacks ${part}`);
  }
  return text;
}
