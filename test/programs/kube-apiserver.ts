import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { binary } from './binaries.ts';
import { freePort } from './server.ts';
import { end, spawnBound } from './spawn.ts';

/** A real etcd and kube-apiserver on loopback, with RBAC and nothing in it. */
export interface KubeApiServer {
  /** Where it serves, as https://127.0.0.1:PORT. */
  readonly url: string;
  /** PEM of the certificate that it shows. */
  readonly authority: string;
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  /** Kills the API server, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data; resolves when it is ready. */
  start(): Promise<void>;
  /** Stops etcd as SIGSTOP does: connections stay, nothing is answered. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

const token = 'admin-of-a-throw-away-cluster';

export async function startKubeApiServer(): Promise<KubeApiServer> {
  const dir = await mkdtemp(join(tmpdir(), 'sigstand-apiserver-'));
  const [client, peer, secure] = await Promise.all([freePort(), freePort(), freePort()]);
  execFileSync('openssl', ['genrsa', '-traditional', '-out', `${dir}/sa.key`, '2048'], {
    stdio: 'ignore',
  });
  await writeFile(`${dir}/tokens.csv`, `${token},admin,1,"system:masters"\n`);
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(secure, `${dir}/certs/apiserver.crt`));

  const etcd = run('etcd', [
    `--data-dir=${dir}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${client}`,
    `--advertise-client-urls=http://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    '--unsafe-no-fsync',
  ]);
  let apiserver: ChildProcess | undefined;
  const start = async () => {
    apiserver = run('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${client}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${secure}`,
      `--cert-dir=${dir}/certs`,
      `--token-auth-file=${dir}/tokens.csv`,
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${dir}/sa.key`,
      `--service-account-signing-key-file=${dir}/sa.key`,
      '--service-cluster-ip-range=10.96.0.0/16',
    ]);
    await ready(kubeconfig, apiserver);
  };
  const kill = async () => {
    if (apiserver) await end(apiserver);
  };
  const stop = async () => {
    // In this order: an API server without its etcd waits for it instead of ending.
    etcd.kill('SIGCONT');
    if (apiserver) await endInTime(apiserver);
    await endInTime(etcd);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await start();
    const authority = await readFile(`${dir}/certs/apiserver.crt`, 'utf8');
    return {
      url: `https://127.0.0.1:${secure}`,
      authority,
      kubeconfig,
      kill,
      start,
      freeze: () => etcd.kill('SIGSTOP'),
      thaw: () => etcd.kill('SIGCONT'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function run(name: string, args: string[]): ChildProcess {
  const child = spawnBound(binary(name), args, { stdio: 'ignore' });
  child.on('error', (error) => {
    throw new Error(`${name} does not start`, { cause: error });
  });
  return child;
}

async function endInTime(child: ChildProcess): Promise<void> {
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await end(child, 'SIGTERM');
  clearTimeout(late);
}

async function ready(kubeconfig: string, apiserver: ChildProcess): Promise<void> {
  const ask = [binary('kubectl'), '--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'] as const;
  for (const deadline = Date.now() + 90_000; ; await sleep(250)) {
    try {
      // What waits for it may run in this process, which must not stand still meanwhile.
      await promisify(execFile)(ask[0], ask.slice(1));
      return;
    } catch (error) {
      if (Date.now() < deadline && apiserver.exitCode === null) continue;
      throw new Error('kube-apiserver is not ready', { cause: error });
    }
  }
}

function kubeconfigFor(port: number, authority: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': authority },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}
