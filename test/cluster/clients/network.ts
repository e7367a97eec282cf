import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTufServer } from '../../programs/tuf-server.ts';
import type { Gateway } from '../gateway.ts';
import { get } from '../gateway.ts';
import { type Result, type Rig, root } from '../rig.ts';
import type { Files } from './forgery.ts';

/** Runs a client's command in a home of its own, with the names and the addresses that it is to find. */
export type Network = (
  command: readonly string[],
  own: { readonly home: string; readonly env?: Readonly<Record<string, string>> },
) => Promise<Result>;

// None of them works for seconds, unless it waits for an answer that does not come.
const timeout = 60_000;

/** By these a user's shell may lead a client to a cache, a mirror or a key of its own. */
const leading = Object.keys(process.env).filter((name) =>
  /^(TUF|SIGSTORE|COSIGN|REKOR)_/.test(name),
);

/** The cluster as it is. */
export function inCluster(cluster: Rig): Network {
  return (command, { home, env = {} }) => {
    const foreign = leading.filter((name) => !(name in env)).flatMap((name) => ['-u', name]);
    // HOME by env(1), since the rig itself looks for its programs below the caller's.
    const alone = ['env', ...foreign, `HOME=${home}`];
    return cluster.exec([...alone, ...command], { env, timeout });
  };
}

/** The cluster, but with this file for /etc/hosts: names in it lead where it says. */
function misled(cluster: Rig, hosts: string): Network {
  const network = inCluster(cluster);
  // `rig exec` runs each command with mounts of its own, which end with it.
  const mount = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
  return (command, own) => network([...mount, ...command], own);
}

/** Web servers with repositories that the stack does not serve, each reached under the name of the stack's own. */
export interface Impostors {
  /** Serves these files as the shipped web server does; resolves to the way to them. */
  serve(files: Files): Promise<Network>;
  stop(): Promise<void>;
}

export function openImpostors(cluster: Rig, gateway: Gateway): Impostors {
  const stops: (() => Promise<void>)[] = [];
  let addresses = 0;
  return {
    async serve(files) {
      addresses += 1;
      const address = `127.0.7.${addresses}`;
      // Not below a folder that is this process's alone: the server's worker is nobody.
      const scratch = await mkdtemp(join(tmpdir(), 'sigstand-impostor-'));
      const repository = join(scratch, 'repository');
      await mkdir(repository);
      for (const [name, bytes] of Object.entries(files)) {
        await writeFile(join(repository, name), bytes);
      }
      const hosts = join(scratch, 'hosts');
      await writeFile(hosts, `127.0.0.1 localhost\n${address} tuf.tuf-system.svc\n`);
      const { stop } = await startTufServer(repository, scratch, {
        listen: `${address}:80`,
        by: [join(root, 'test/rig/rig'), 'exec', '--'],
        env: cluster.env,
        ready: async () =>
          get(`${await gateway.url(address)}/healthz`).then(
            ({ status }) => status === 200,
            () => false,
          ),
      });
      stops.push(async () => {
        await stop();
        await rm(scratch, { recursive: true, force: true });
      });
      return misled(cluster, hosts);
    },
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
