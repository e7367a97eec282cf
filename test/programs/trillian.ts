import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { binary } from './binaries.ts';
import { freePort } from './server.ts';
import { spawnBound } from './spawn.ts';

/** A real MariaDB on loopback, with nothing in it. */
export interface Mariadb {
  /** An empty database with the tables that the manifests ship. */
  newDatabase(): Database;
  stop(): Promise<void>;
}

export interface Database {
  readonly dsn: string;
  readonly name: string;
  /** The flags by which Debian's clients reach the server as its administrator. */
  readonly client: readonly string[];
  /** The rows of a query, each one line of tab-separated values. */
  query(sql: string): string[];
}

/** A real Trillian log server, and its signer, on loopback. */
export interface RunningTrillian {
  /** Where it serves gRPC, as host:port. */
  readonly address: string;
  readonly dsn: string;
  query(sql: string): string[];
  stop(): Promise<void>;
}

/** Trillian on a database of its own; what is not given is made up; `args` are the log server's. */
export async function startTrillian({
  mariadb,
  database,
  port,
  args = [],
}: {
  mariadb?: Mariadb;
  database?: Pick<Database, 'dsn' | 'query'>;
  port?: number;
  args?: readonly string[];
} = {}): Promise<RunningTrillian> {
  // Where a later step throws, what an earlier one started must not be left behind.
  await using starting = new AsyncDisposableStack();
  const own = mariadb || database ? undefined : await startMariadb();
  if (own) starting.defer(own.stop);
  const { dsn, query } = database ?? (mariadb ?? own)!.newDatabase();
  const server = await startTrillianProgram(
    'trillian_log_server',
    dsn,
    ['--tree_gc=false', ...args],
    port,
  );
  starting.defer(server.stop);
  const signer = await startTrillianProgram('trillian_log_signer', dsn, [
    '--force_master',
    '--sequencer_interval=100ms',
    '--batch_size=500',
  ]);
  starting.defer(signer.stop);
  const started = starting.move();
  return { address: server.address, dsn, query, stop: () => started.disposeAsync() };
}

export async function startMariadb(): Promise<Mariadb> {
  await using starting = new AsyncDisposableStack();
  const dir = await newFolder(starting, 'mariadb');
  const port = await freePort();
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  // Not /tmp: a server that starts there removes the temporary tables of all others.
  const tmp = join(dir, 'tmp');
  await mkdir(tmp);
  const place = ['--no-defaults', `--datadir=${dir}/data`, `--tmpdir=${tmp}`, ...asRoot];
  const install = ['--auth-root-authentication-method=normal', '--skip-test-db'];
  execFileSync('mariadb-install-db', [...place, ...install], { stdio: 'ignore' });

  const socket = join(dir, 'socket');
  const server = await start(binary('mariadbd'), port, {
    log: join(dir, 'log'),
    args: [
      ...place,
      `--socket=${socket}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--character-set-server=utf8mb4',
      '--skip-name-resolve',
      '--skip-log-bin',
      '--innodb-flush-log-at-trx-commit=0',
    ],
  });
  starting.defer(server.stop);
  const client = [
    '--no-defaults',
    `--socket=${socket}`,
    '--user=root',
    '--default-character-set=utf8mb4',
  ];
  const sql = (text: string, ...args: string[]) =>
    execFileSync('mariadb', [...client, ...args], {
      input: text,
      encoding: 'utf8',
      // This process stands still meanwhile, with all its proxies.
      timeout: 60_000,
    });
  sql("CREATE USER trillian@'127.0.0.1' IDENTIFIED BY 'trillian';");

  let databases = 0;
  const newDatabase = (): Database => {
    databases += 1;
    const name = `trillian${databases}`;
    sql(`CREATE DATABASE ${name}; GRANT ALL ON ${name}.* TO trillian@'127.0.0.1';`);
    sql(shippedSchema(), name);
    return {
      ...{ name, client },
      dsn: `trillian:trillian@tcp(127.0.0.1:${port})/${name}`,
      query: (text) =>
        sql(text, '--batch', '--skip-column-names', name)
          .split('\n')
          .filter((line) => line !== ''),
    };
  };
  const started = starting.move();
  return { newDatabase, stop: () => started.disposeAsync() };
}

/** A folder that goes with the stack. */
async function newFolder(stack: AsyncDisposableStack, name: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), `sigstand-${name}-`));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function shippedSchema(): string {
  const path = join(import.meta.dirname, '../../manifests/10-trillian.yaml');
  const objects = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
  const schema = objects.find(
    (object) => object?.kind === 'ConfigMap' && object.metadata.name === 'trillian-schema',
  );
  return schema.data['schema.sql'];
}

async function startTrillianProgram(
  name: string,
  dsn: string,
  args: string[],
  givenPort?: number,
): Promise<{ address: string; stop(): Promise<void> }> {
  await using starting = new AsyncDisposableStack();
  const dir = await newFolder(starting, name);
  const port = givenPort ?? (await freePort());
  const http = await freePort();
  const { stop } = await start(binary(name), port, {
    log: join(dir, 'log'),
    args: [
      `--mysql_uri=${dsn}`,
      '--storage_system=mysql',
      '--quota_system=mysql',
      '--mysql_max_conns=20',
      `--rpc_endpoint=127.0.0.1:${port}`,
      `--http_endpoint=127.0.0.1:${http}`,
      '--logtostderr',
      ...args,
    ],
  });
  starting.defer(stop);
  const started = starting.move();
  return { address: `127.0.0.1:${port}`, stop: () => started.disposeAsync() };
}

/** Starts a program and waits until its port is open. */
async function start(
  program: string,
  port: number,
  { args, log }: { args: string[]; log: string },
): Promise<{ stop(): Promise<void> }> {
  const output = openSync(log, 'w');
  const child = spawnBound(program, args, { stdio: ['ignore', output, output] });
  closeSync(output);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    // Asked politely, Trillian takes ten seconds; what any of these hold is thrown away.
    if (running(child)) child.kill('SIGKILL');
    await exited;
  };
  const deadline = Date.now() + 60_000;
  while (!(await isOpen(port))) {
    if (running(child) && Date.now() < deadline) await sleep(20);
    else {
      await stop();
      throw new Error(`${program} did not come up:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
    }
  }
  return { stop };
}

function running(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
