import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Rig, root } from '../cluster/rig.ts';
import { spawnBound } from '../programs/spawn.ts';
import { host, nameOf } from './company-database.ts';

/* A PgBouncer of Debian before the company's PostgreSQL, as docs/database.md has it. */

const node = '10.200.0.1';
export const port = 6432;

/** The name of the proxy; `host` stays that of the server which writes. */
export const bouncerHost = nameOf('db');

export interface Bouncer {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The page's configuration, with our names, in the folder of the certificates. */
export async function bouncerBefore(
  cluster: Rig,
  folder: string,
  password: string,
): Promise<Bouncer> {
  const file = join(folder, 'pgbouncer.ini');
  const text = onPage()
    .replaceAll('db.example.com', host)
    .replaceAll('/etc/pgbouncer/', `${folder}/`);
  writeFileSync(file, `${text}unix_socket_dir =\n`);
  writeFileSync(join(folder, 'users.txt'), `"sigstand" "${password}"\n`);
  execFileSync('chown', ['-R', 'postgres:', folder]);
  await leadTo(cluster);
  let child: ChildProcess | undefined;
  return {
    async start() {
      const command = ['exec', '--', 'setpriv', '--reuid=postgres', '--clear-groups'];
      const program = ['/usr/sbin/pgbouncer', '--quiet', file];
      const env = { ...process.env, ...cluster.env };
      child = spawnBound(join(root, 'test/rig/rig'), [...command, ...program], {
        ...{ env, stdio: 'ignore' },
      });
      const open = `until (: </dev/tcp/${node}/${port}) 2>/dev/null; do sleep 0.1; done`;
      await cluster.mustExec(['timeout', '30', 'bash', '-c', open]);
    },
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function onPage(): string {
  const page = readFileSync(join(root, 'docs/database.md'), 'utf8');
  const [block] = /^ {6}\[databases\]\n(?: {6}.*\n)+/m.exec(page) ?? [];
  if (!block) throw new Error('docs/database.md has no PgBouncer');
  return block.replace(/^ {6}/gm, '');
}

async function leadTo(cluster: Rig): Promise<void> {
  const [name = ''] = bouncerHost.split('.');
  const metadata = { name, namespace: 'company' };
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'sql', port }] } },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
      endpoints: [{ addresses: [node], conditions: { ready: true } }],
      ports: [{ name: 'sql', port }],
    },
  ];
  await cluster.apply(objects.map((one) => stringify(one)).join('---\n'));
}
