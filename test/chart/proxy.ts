import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Rig, root } from '../cluster/rig.ts';
import { spawnBound } from '../programs/spawn.ts';
import { nameOf, servers } from './company-database.ts';

/* A HAProxy of Debian before the company's two servers, as docs/database.md has it. */

const node = '10.200.0.1';

/** Whom the proxy asks a server as. */
export const monitorAccount = "CREATE USER monitor@'%' IDENTIFIED BY 'PASSWORD' REQUIRE SSL;";

export interface TcpProxy {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The page's blocks, with our names; what nobody uses for so many seconds is cut. */
export async function proxyBefore(cluster: Rig, folder: string, idle: number): Promise<TcpProxy> {
  const [config, program] = onPage();
  const check = join(folder, 'writes');
  const names = servers.map(nameOf);
  const mine = (text: string) =>
    text
      .replaceAll('db-1.example.com', names[0]!)
      .replaceAll('db-2.example.com', names[1]!)
      .replaceAll('/etc/haproxy/writes', check)
      .replaceAll('/etc/haproxy/ca.crt', join(folder, 'ca.crt'))
      .replace('bind :3306', `bind ${node}:3306`)
      .replace(/^( *timeout (?:client|server)) .*$/gm, `$1 ${idle}s`);
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, mine(config));
  await writeFile(check, mine(program), { mode: 0o755 });
  await leadToProxy(cluster);
  let child: ChildProcess | undefined;
  return {
    async start() {
      const command = ['exec', '--', 'haproxy', '-db', '-f', file];
      const env = { ...process.env, ...cluster.env };
      const rig = join(root, 'test/rig/rig');
      child = spawnBound(rig, command, { env, stdio: 'ignore' });
      const open = `until (: </dev/tcp/${node}/3306) 2>/dev/null; do sleep 0.1; done`;
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

/** What the page has for the proxy: its configuration, and the program that it asks. */
function onPage(): readonly [string, string] {
  const page = readFileSync(join(root, 'docs/database.md'), 'utf8');
  const [, section = ''] = /^## Behind a proxy\n([\s\S]*?)^## /m.exec(page) ?? [];
  const blocks = [...section.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)].map(([text]) =>
    text.replace(/^ {4}/gm, '').trimStart(),
  );
  const [config, program] = [/^global$/m, /^#!/].map((one) =>
    blocks.find((text) => one.test(text)),
  );
  if (!config || !program) throw new Error('docs/database.md has no proxy');
  return [config, program];
}

/** The company's name leads to the proxy from now on. */
async function leadToProxy(cluster: Rig): Promise<void> {
  await cluster.kubectl('delete', 'service', 'db', '-n', 'company');
  const metadata = { name: 'db', namespace: 'company' };
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'sql', port: 3306 }] } },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'db' } },
      endpoints: [{ addresses: [node], conditions: { ready: true } }],
      ports: [{ name: 'sql', port: 3306 }],
    },
  ];
  await cluster.apply(objects.map((one) => stringify(one)).join('---\n'));
}
