import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Rig } from '../cluster/rig.ts';

/* A MariaDB that is not the stack's: in a namespace of its own, on a volume, and by TLS alone. */

export const host = 'db.company.svc';

/** Another name of the same server, which is not in its certificate. */
export const otherHost = 'other.company.svc';

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
  const names = ['-addext', `subjectAltName=DNS:${host}`, '-subj', `/CN=${host}`];
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

const start = `
if [ ! -d /var/lib/mysql/data ]; then
  mariadb-install-db --no-defaults --datadir=/var/lib/mysql/data --tmpdir=/tmp --skip-test-db
fi
exec mariadbd --no-defaults --datadir=/var/lib/mysql/data --socket=/run/mysqld/mysqld.sock \\
  --pid-file=/run/mysqld/mysqld.pid --tmpdir=/tmp --skip-name-resolve --init-file=/etc/init/init.sql \\
  --require-secure-transport=ON --ssl-ca=/etc/tls/ca.crt --ssl-cert=/etc/tls/tls.crt --ssl-key=/etc/tls/tls.key
`;

const labels = { app: 'db' };
const place = (name: string) => ({ name, namespace: 'company' });
const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: place(name),
  spec: { selector: labels, ports: [{ port: 3306 }] },
});

function objects(image: string, files: (name: string) => string) {
  const mount = (name: string, mountPath: string) => ({ name, mountPath });
  const container = {
    ...{ name: 'mariadb', image, command: ['/bin/sh', '-euc', start] },
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
      { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'tls', secret: { secretName: 'tls' } },
      { name: 'init', configMap: { name: 'init' } },
      { name: 'run', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
    ],
  };
  const admin =
    "CREATE USER IF NOT EXISTS admin@localhost IDENTIFIED BY 'admin';\n" +
    'GRANT ALL ON *.* TO admin@localhost WITH GRANT OPTION;\n';
  const names = ['ca.crt', 'tls.crt', 'tls.key'];
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'company' } },
    {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: place('tls') },
      stringData: Object.fromEntries(names.map((name) => [name, files(name)])),
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: place('init'), data: { 'init.sql': admin } },
    {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: place('data') },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: place('db') },
      spec: {
        strategy: { type: 'Recreate' },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec },
      },
    },
    service('db'),
    service('other'),
  ];
}

/** Makes it; resolves when it takes connections. */
export async function startDatabase(cluster: Rig, image: string, folder: string): Promise<void> {
  const files = (name: string) => readFileSync(join(folder, name), 'utf8');
  await cluster.apply(
    objects(image, files)
      .map((one) => stringify(one))
      .join('---\n'),
  );
  await available(cluster);
}

export async function available(cluster: Rig): Promise<void> {
  await cluster.kubectl('rollout', 'status', 'deployment/db', '-n', 'company', '--timeout=3m');
}

/** Statements as its administrator; resolves to what they print. */
export function sql(cluster: Rig, statements: string): Promise<string> {
  const client =
    'mariadb --no-defaults --socket=/run/mysqld/mysqld.sock --user=admin --skip-column-names';
  const command = ['sh', '-c', `MYSQL_PWD=admin exec ${client}`];
  return cluster.must(
    ['kubectl', 'exec', '-i', '-n', 'company', 'deployment/db', '--', ...command],
    { input: statements },
  );
}

/** The statements of docs/database.md, with a password. */
export function grants(root: string, password: string): string {
  const page = readFileSync(join(root, 'docs/database.md'), 'utf8');
  const [block = ''] = /^ {4}CREATE DATABASE[\s\S]*?;\n\n/m.exec(page) ?? [];
  if (!block.includes('PASSWORD')) throw new Error('docs/database.md has no such statements');
  return block.replace('PASSWORD', password);
}
