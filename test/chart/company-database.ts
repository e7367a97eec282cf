import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Rig } from '../cluster/rig.ts';
import type { Product } from './products.ts';

/* A MariaDB or MySQL that is not the stack's: in a namespace of its own, and by TLS alone. */

/** Where it runs, and what. */
export interface Company {
  readonly cluster: Rig;
  readonly product: Product;
}

export const host = 'db.company.svc';

/** Another name of the same server, which is not in its certificate. */
export const otherHost = 'other.company.svc';

/** Two servers, each with a name that stays its own, while `host` may move from one to the other. */
export const servers = ['db', 'standby'] as const;
export type Server = (typeof servers)[number];
export const nameOf = (server: Server) => `only-${server}.company.svc`;
export const otherThan = (server: Server): Server => (server === 'db' ? 'standby' : 'db');

const openssl = (folder: string, ...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });

/** A CA, and the certificate of the database by it, as files in a new folder. */
export function certificates(folder: string): { readonly ca: string } {
  mkdirSync(folder);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl(
    folder,
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=company',
  );
  const all = [host, ...servers.map(nameOf)].map((name) => `DNS:${name}`).join();
  const names = ['-addext', `subjectAltName=${all}`, '-subj', `/CN=${host}`];
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key'];
  openssl(
    folder,
    'req',
    '-x509',
    ...key,
    ...signed,
    ...names,
    '-keyout',
    'tls.key',
    '-out',
    'tls.crt',
  );
  return { ca: readFileSync(join(folder, 'ca.crt'), 'utf8') };
}

const place = (name: string) => ({ name, namespace: 'company' });
const service = (name: string, server: Server) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: place(name),
  spec: { selector: { app: server }, ports: [{ port: 3306 }] },
});

function deployment(
  server: Server,
  { program, image }: { program: string; image: string },
  data: object,
  args: readonly string[],
) {
  const mount = (name: string, mountPath: string) => ({ name, mountPath });
  const container = {
    ...{ name: 'database', image, command: ['/bin/sh', '-euc', program, 'sh', ...args] },
    env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
    readinessProbe: { tcpSocket: { port: 3306 }, periodSeconds: 1 },
    volumeMounts: [
      ...[mount('data', '/var/lib/mysql'), mount('run', '/run/mysqld'), mount('tmp', '/tmp')],
      ...[mount('tls', '/etc/tls'), mount('init', '/etc/init')],
    ],
  };
  const spec = {
    securityContext: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 },
    containers: [container],
    volumes: [
      { name: 'data', ...data },
      { name: 'tls', secret: { secretName: 'tls' } },
      { name: 'init', configMap: { name: 'init' } },
      { name: 'run', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
    ],
  };
  const labels = { app: server };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: place(server) },
    spec: {
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec },
    },
  };
}

function surroundings(files: (name: string) => string) {
  // Each server has its own administrator: no replica is to get another's.
  const account =
    'SET SESSION sql_log_bin = 0;\n' +
    "CREATE USER IF NOT EXISTS admin@localhost IDENTIFIED BY 'admin';\n" +
    'GRANT ALL ON *.* TO admin@localhost WITH GRANT OPTION;\n';
  const names = ['ca.crt', 'tls.crt', 'tls.key'];
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'company' } },
    {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: place('tls') },
      stringData: Object.fromEntries(names.map((name) => [name, files(name)])),
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: place('init'), data: { 'init.sql': account } },
    service('db', 'db'),
  ];
}

async function start(cluster: Rig, folder: string, objects: readonly object[]): Promise<void> {
  const files = (name: string) => readFileSync(join(folder, name), 'utf8');
  const all = [...surroundings(files), ...objects];
  await cluster.apply(all.map((one) => stringify(one)).join('---\n'));
}

/** Makes one server, on a volume; resolves when it takes connections. */
export async function startDatabase(it: Company, folder: string): Promise<void> {
  const claim = {
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: place('data') },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const data = { persistentVolumeClaim: { claimName: 'data' } };
  const only = deployment('db', await runs(it), data, []);
  await start(it.cluster, folder, [claim, only, service('other', 'db')]);
  await available(it.cluster);
}

const runs = async ({ cluster, product }: Company) => ({
  program: product.program,
  image: await product.image(cluster),
});

/** Makes both, which keep nothing when they end: whoever comes back has all to learn from the other. */
export async function startPair(it: Company, folder: string): Promise<void> {
  const run = await runs(it);
  const each = servers.flatMap((server) => [
    deployment(server, run, { emptyDir: {} }, it.product.paired),
    service(`only-${server}`, server),
  ]);
  await start(it.cluster, folder, each);
  for (const server of servers) await available(it.cluster, server);
}

export async function available(cluster: Rig, server: Server = 'db'): Promise<void> {
  const watched = ['rollout', 'status', `deployment/${server}`, '--timeout=3m'];
  await cluster.kubectl(...watched, '-n', 'company');
}

/** Statements as its administrator; resolves to what they print. */
export function sql(it: Company, statements: string, server: Server = 'db'): Promise<string> {
  return asAdmin(it, server, `${it.product.client} ${admin} --skip-column-names`, statements);
}

/** The stack's database, as statements that make it again. */
export function dumped(it: Company): Promise<string> {
  // What is in the columns is no text.
  const whole = '--single-transaction --hex-blob --databases sigstore';
  return asAdmin(it, 'db', `${it.product.dump} ${admin} ${whole}`);
}

const admin = '--socket=/run/mysqld/mysqld.sock --user=admin';

function asAdmin({ cluster }: Company, server: Server, command: string, input = '') {
  const words = ['sh', '-c', `MYSQL_PWD=admin exec ${command}`];
  const pod = ['kubectl', 'exec', '-i', '-n', 'company', `deployment/${server}`, '--', ...words];
  return cluster.must(pod, { input });
}

/** The statements of docs/database.md, with a password. */
export function grants(root: string, password: string): string {
  const page = readFileSync(join(root, 'docs/database.md'), 'utf8');
  const [block = ''] = /^ {4}CREATE DATABASE[\s\S]*?;\n\n/m.exec(page) ?? [];
  if (!block.includes('PASSWORD')) throw new Error('docs/database.md has no such statements');
  return block.replace('PASSWORD', password);
}
