import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bringUp } from '../cluster/bring-up.ts';
import { type Rig, root, run } from '../cluster/rig.ts';
import { leadingTo, manifest, node } from './beside.ts';
import { certificates } from './company-database.ts';

/* A PostgreSQL of Debian that is not the stack's: beside its Pods on the node, with TLS alone. */

/** Where the two servers listen: the node's address, and one that it gets. */
export const servers = [node, '10.200.0.2'] as const;
export type Server = (typeof servers)[number];
const [first, second] = servers;

export interface Postgresql {
  readonly folder: string;
  readonly programs: string;
}

const asPostgres = (command: string) => ['su', 'postgres', '-s', '/bin/sh', '-c', command];
const place = ({ folder }: Postgresql, server: Server) => join(folder, server);
/** Not among its data, which the other one begins from. */
const socket = ({ folder }: Postgresql, server: Server) => join(folder, 'sockets', server);

/** Statements as the administrator; resolves to what they print. */
export function psql(cluster: Rig, it: Postgresql, server: Server, sql: string, name = 'postgres') {
  const to = [`--host=${socket(it, server)}`, '--username=postgres', name];
  const how = '-v ON_ERROR_STOP=1 --no-psqlrc --quiet --tuples-only --no-align';
  const command = asPostgres(`${it.programs}/psql ${how} ${to.join(' ')}`);
  return cluster.mustExec(command, { input: sql });
}

const control = (cluster: Rig, it: Postgresql, server: Server, ...words: string[]) => {
  const [data, log] = [place(it, server), `${place(it, server)}/log`];
  const command = `${it.programs}/pg_ctl --wait -D ${data} --log=${log} ${words.join(' ')}`;
  return cluster.mustExec(asPostgres(command));
};

export const start = (cluster: Rig, it: Postgresql, server: Server) =>
  control(cluster, it, server, 'start');
export const promote = (cluster: Rig, it: Postgresql, server: Server) =>
  control(cluster, it, server, 'promote');
/** Ends it in the middle of what it does; `restart` begins again from what is on the disk. */
export const stop = (
  cluster: Rig,
  it: Postgresql,
  server: Server,
  verb: 'stop' | 'restart' = 'stop',
) => control(cluster, it, server, verb, '--mode=immediate');

/** A cluster with the images for it, and the company's server with Trillian's tables, which this password opens. */
export async function withPostgresql(cluster: Rig, work: string, password: string) {
  // PostgreSQL's own account looks for its files in here.
  await run('chmod', ['755', work]);
  await bringUp(cluster, work);
  const loaded = await run('test/chart/trillian-postgresql.sh', [], { env: cluster.env });
  if (loaded.status !== 0) throw new Error(loaded.stdout + loaded.stderr);
  const { ca } = certificates(join(work, 'tls'));
  const server = await startPostgresql(cluster, join(work, 'tls'), join(work, 'postgresql'));
  await lead(cluster, first);
  await psql(cluster, server, first, `CREATE ROLE sigstand LOGIN PASSWORD ${quoted(password)};`);
  await psql(cluster, server, first, 'CREATE DATABASE sigstore OWNER sigstand;');
  await psql(cluster, server, first, `SET ROLE sigstand;\n${await schema()}`, 'sigstore');
  return { ca, server };
}

/** A text as SQL has it. */
export const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Makes it; resolves when it takes connections. */
async function startPostgresql(cluster: Rig, tls: string, folder: string) {
  const [programs = ''] = globSync('/usr/lib/postgresql/*/bin').sort().reverse();
  if (programs === '') throw new Error('there is no PostgreSQL: apt-get install postgresql');
  const it = { folder, programs };
  for (const one of servers) mkdirSync(socket(it, one), { recursive: true });
  cpSync(tls, join(folder, 'tls'), { recursive: true });
  execFileSync('chown', ['-R', 'postgres:', folder]);
  execFileSync('chmod', ['600', join(folder, 'tls/tls.key')]);
  const data = place(it, first);
  execFileSync('su', asPostgres(`${programs}/initdb -D ${data} --auth=peer`).slice(1));
  appendFileSync(
    join(data, 'postgresql.conf'),
    `ssl = on\nssl_cert_file = '${folder}/tls/tls.crt'\n` +
      `ssl_key_file = '${folder}/tls/tls.key'\n`,
  );
  writeFileSync(
    join(data, 'pg_hba.conf'),
    'local all postgres peer\nlocal replication postgres peer\nhostssl all all 0.0.0.0/0 scram-sha-256\n',
  );
  listensAs(it, first);
  await start(cluster, it, first);
  return it;
}

function listensAs(it: Postgresql, server: Server): void {
  const own = `listen_addresses = '${server}'\nunix_socket_directories = '${socket(it, server)}'\n`;
  appendFileSync(join(place(it, server), 'postgresql.conf'), own);
}

/** A second server, which the first one waits for from then on. */
export async function startStandby(cluster: Rig, it: Postgresql): Promise<void> {
  const from = `--host=${socket(it, first)} --username=postgres`;
  const copy = `${it.programs}/pg_basebackup ${from} -D ${place(it, second)} --write-recovery-conf`;
  await cluster.mustExec(asPostgres(copy));
  listensAs(it, second);
  await cluster.mustExec(['ip', 'address', 'add', `${second}/32`, 'dev', 'lo']);
  await start(cluster, it, second);
  await psql(cluster, it, first, "ALTER SYSTEM SET synchronous_standby_names = '*';");
  await psql(cluster, it, first, 'SELECT pg_reload_conf();');
}

/** Keeps all that the stack has in it, in a file of its own. */
export function save(cluster: Rig, it: Postgresql, server: Server) {
  const from = `--host=${socket(it, server)} --username=postgres`;
  const to = join(it.folder, 'saved.sql');
  return cluster.mustExec(asPostgres(`${it.programs}/pg_dump ${from} --file=${to} sigstore`));
}

/** Loses it. */
export const lose = (cluster: Rig, it: Postgresql, server: Server) =>
  psql(cluster, it, server, 'DROP DATABASE sigstore WITH (FORCE);');

/** Makes it again of what was saved. */
export async function load(cluster: Rig, it: Postgresql, server: Server): Promise<void> {
  await psql(cluster, it, server, 'CREATE DATABASE sigstore OWNER sigstand;');
  await psql(cluster, it, server, readFileSync(join(it.folder, 'saved.sql'), 'utf8'), 'sigstore');
}

/** Trillian's servers that can use one, as trillian-postgresql.sh names them. */
export const postgresqlImages = Object.fromEntries(
  ['logServer', 'logSigner'].map((key) => [
    key,
    `ghcr.io/rig/trillian_log_${key.slice(3).toLowerCase()}:postgresql`,
  ]),
);

/** The company's names lead to this server. */
export async function lead(cluster: Rig, server: Server): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'company' } };
  const names = ['db', 'other'].flatMap((name) => leadingTo(name, server, 5432));
  await cluster.apply(manifest([namespace, ...names]));
}

/** Trillian's own tables for it. */
async function schema(): Promise<string> {
  const asked = ['list', '-m', '-f', '{{.Dir}}', 'github.com/google/trillian'];
  const { stdout } = await run('go', ['-C', join(root, 'test/rig/sigstore'), ...asked]);
  return readFileSync(join(stdout.trim(), 'storage/postgresql/schema/storage.sql'), 'utf8');
}
