import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { binary } from '../programs/binaries.ts';
import { freePort } from '../programs/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A kubeconfig file for a real kube-apiserver; its user may do everything. */
    kubeconfig: string;
  }
}

const token = 'admin-of-a-throw-away-cluster';

/** A real etcd and kube-apiserver on loopback, for the tests of this folder. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'sigstand-apiserver-'));
  const [client, peer, secure] = await Promise.all([freePort(), freePort(), freePort()]);
  const etcd = start('etcd', binary('etcd'), [
    `--data-dir=${dir}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${client}`,
    `--advertise-client-urls=http://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    '--unsafe-no-fsync',
  ]);
  execFileSync('openssl', ['genrsa', '-traditional', '-out', `${dir}/sa.key`, '2048'], {
    stdio: 'ignore',
  });
  await writeFile(`${dir}/tokens.csv`, `${token},admin,1,"system:masters"\n`);
  const apiserver = start('kube-apiserver', binary('kube-apiserver'), [
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
  const stop = async () => {
    // In this order: an API server without its etcd waits for it instead of ending.
    await end(apiserver);
    await end(etcd);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const kubeconfig = join(dir, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigFor(secure, `${dir}/certs/apiserver.crt`));
    await ready(kubeconfig);
    project.provide('kubeconfig', kubeconfig);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function start(name: string, program: string, args: string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' });
  child.on('error', (error) => {
    throw new Error(`${name} does not start`, { cause: error });
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(late);
}

async function ready(kubeconfig: string): Promise<void> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    try {
      execFileSync(binary('kubectl'), ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'], {
        stdio: 'ignore',
      });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('kube-apiserver is not ready', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 250));
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
