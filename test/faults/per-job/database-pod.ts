import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binary } from '../../programs/binaries.ts';
import { freePort } from '../../programs/server.ts';
import { spawnBound } from '../../programs/spawn.ts';
import { ofKind, pods } from '../../stack.ts';

/** Who logs in where, as the Secret trillian-mysql says. */
export const credentials = {
  user: 'trillian',
  password: 'a-password_1',
  'root-password': 'another_2',
  database: 'trillian',
};

/** Where the containers' volumes are mounted, and the folder that stands in for each. */
const mounts = {
  '/etc/trillian-mysql': 'credentials',
  '/etc/trillian-schema': 'schema',
  '/var/lib/mysql': 'volume',
  '/run/init': 'init',
  '/run/mysqld': 'run',
};

/** The Pod mysql-trillian: the manifest's own scripts and arguments, over folders of its own. */
export interface DatabasePod {
  readonly port: number;
  path(mount: keyof typeof mounts, name: string): string;
  /** What the container does before it becomes the server. */
  prepare(): Script;
  /** The server; `args` come after the manifest's. */
  start(args?: readonly string[]): DatabaseServer;
  /** The init container of a server that waits for the database, at a port of loopback. */
  waiter(owner: string, port: number, env?: Readonly<Record<string, string>>): Script;
  /** Waits until the manifest's readiness probe succeeds. */
  ready(server: DatabaseServer): Promise<void>;
  /** Asks as root, past the network; each row one line of tab-separated values. */
  query(sql: string): string[];
  /** Asks as Trillian does, over the network; throws what the server refuses. */
  queryAsTrillian(sql: string): string[];
  /** Ends all that still runs, and removes the folders. */
  remove(): Promise<void>;
}

export interface Script {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  said(): string;
  /** The exit status; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

export interface DatabaseServer {
  log(): string;
  running(): boolean;
  /** The exit status once it has ended. */
  readonly ended: Promise<number | null>;
  /** SIGKILL; or SIGTERM, as the kubelet says goodbye. */
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];

export async function newDatabasePod(): Promise<DatabasePod> {
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-db-'));
  for (const name of [...Object.values(mounts), 'tmp']) mkdirSync(join(folder, name));
  const [schema] = ofKind('ConfigMap').filter(
    ({ metadata }) => metadata.name === 'trillian-schema',
  );
  writeFileSync(join(folder, 'schema/schema.sql'), schema?.data['schema.sql']);
  for (const [key, value] of Object.entries(credentials)) {
    writeFileSync(join(folder, 'credentials', key), value);
  }
  const port = await freePort();
  const { spec } = podOf('mysql-trillian');
  const [mysql] = spec.containers;
  const prepare = beforeServer(mysql);
  const here = (text: string) => inFolder(folder, text);
  const client = (args: readonly string[], password: string, sql: string) =>
    execFileSync('mariadb', ['--no-defaults', ...args, '--batch', '--skip-column-names'], {
      input: sql,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, MYSQL_PWD: password },
    })
      .split('\n')
      .filter((line) => line !== '');

  const running: (() => Promise<unknown>)[] = [];
  const adopted = (script: Script) => {
    running.push(async () => {
      if (script.child.pid && script.child.exitCode === null && script.child.signalCode === null) {
        process.kill(-script.child.pid, 'SIGKILL');
      }
      await script.ended;
    });
    return script;
  };

  const pod: DatabasePod = {
    port,
    path: (mount, name) => join(folder, mounts[mount], name),
    prepare: () => adopted(runScript(prepare, here)),
    waiter: (owner, to, env) => {
      const [container] = podOf(owner).spec.initContainers;
      const host = '--host=mysql-trillian.trillian-system.svc';
      const there = `--host=127.0.0.1 --port=${to}`;
      return adopted(runScript(container, (text) => here(text.replaceAll(host, there)), env));
    },
    start: (args = []) => {
      const all = [...mysql.args.map(here), `--port=${port}`, '--bind-address=127.0.0.1'];
      const server = serve(join(folder, 'log'), [...all, ...asRoot, ...args]);
      running.push(() => server.stop('SIGKILL'));
      return server;
    },
    ready: async (server) => {
      const [shell, ...script] = mysql.readinessProbe.exec.command;
      let ended = false;
      void server.ended.then(() => {
        ended = true;
      });
      for (;;) {
        const probe = spawn(shell, script.map(here), { stdio: 'ignore' });
        if ((await endOf(probe)) === 0) return;
        if (ended) throw new Error(`mariadbd ended:\n${server.log()}`);
        await sleep(50);
      }
    },
    query: (sql) =>
      client(
        [`--socket=${here('/run/mysqld/mysqld.sock')}`, '--user=root'],
        credentials['root-password'],
        sql,
      ),
    queryAsTrillian: (sql) => {
      const { user, password, database } = credentials;
      return client(
        ['--host=127.0.0.1', `--port=${port}`, `--user=${user}`, database],
        password,
        sql,
      );
    },
    remove: async () => {
      await Promise.all(running.map((end) => end()));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return pod;
}

function podOf(name: string) {
  const pod = pods.find(({ owner }) => owner.metadata.name === name);
  if (pod === undefined) throw new Error(`no Pod ${name} in the manifests`);
  return pod;
}

/** The container's script without its last line, by which the shell becomes the server. */
function beforeServer({ command: [shell = '', flags = '', script = ''] }: { command: string[] }) {
  const last = /\nexec mariadbd "\$@"\n$/;
  if (!last.test(script)) throw new Error('the container does not end as mariadbd');
  return { command: [shell, flags], args: [script.replace(last, '')] };
}

function inFolder(folder: string, text: string): string {
  return (
    Object.entries(mounts)
      .reduce((done, [path, name]) => done.replaceAll(path, join(folder, name)), text)
      // As each Pod has its own: a server that starts removes the temporary tables of all others there.
      .replaceAll('--tmpdir=/tmp', `--tmpdir=${join(folder, 'tmp')}`)
      // Who runs tests may be root, who is refused without this; the Pod is not.
      .replaceAll('mariadb-install-db --no-defaults', `mariadb-install-db --no-defaults ${asRoot}`)
  );
}

function runScript(
  { command, args }: { command: string[]; args: string[] },
  here: (text: string) => string,
  env: Readonly<Record<string, string>> = {},
): Script {
  const [shell = '', ...flags] = command;
  // A group of its own, so that a kill gets the programs that the shell has started as well.
  const child = spawn(shell, [...flags, ...args.map(here)], {
    detached: true,
    env: { PATH: `${process.env.PATH}:/usr/sbin`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  return { child, said: () => said, ended: endOf(child) };
}

function serve(log: string, args: readonly string[]): DatabaseServer {
  const output = openSync(log, 'a');
  const child = spawnBound(binary('mariadbd'), args, { stdio: ['ignore', output, output] });
  closeSync(output);
  const ended = endOf(child);
  return {
    log: () => readFileSync(log, 'utf8'),
    running: () => child.exitCode === null && child.signalCode === null,
    ended,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (status) => resolve(status));
  });
}
