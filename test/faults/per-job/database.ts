import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DatabasePod, type DatabaseServer, newDatabasePod } from './database-pod.ts';

/** The tables of Trillian that the manifests ship. */
export const tables = [
  ...['Trees', 'TreeControl', 'Subtree', 'TreeHead'],
  ...['LeafData', 'SequencedLeafData', 'Unsequenced'],
];

export const inDatabase = `FROM information_schema.INNODB_SYS_TABLES WHERE NAME LIKE 'trillian/%'`;

/** The database's Pod, with one server at a time, and questions about its schema. */
export interface Database {
  readonly pod: DatabasePod;
  /** The file that the server runs at its start, as the init container wrote it. */
  readonly initFile: string;
  /** Runs the init container. */
  prepare(): Promise<void>;
  /** Starts the server, and waits until the Pod is ready. */
  start(): Promise<DatabaseServer>;
  /** Starts the server, with these statements in place of what the init container wrote. */
  startWith(statements: readonly string[]): DatabaseServer;
  /** Starts the server, and waits until somebody can log in at all. */
  startServing(statements?: readonly string[]): Promise<DatabaseServer>;
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Takes Trillian's database and its user away. */
  fromNothing(): Promise<void>;
  /** All that the schema is, but for the numbers that InnoDB gives to tables. */
  schema(): object;
  /** The tables with InnoDB's numbers, which a table that is made anew does not keep. */
  numbered(): string[];
  /** The rows, or what the server says against it. */
  asTrillian(sql: string): string[] | string;
  remove(): Promise<void>;
}

export async function openDatabase(): Promise<Database> {
  const pod = await newDatabasePod();
  const initFile = pod.path('/run/init', 'init.sql');
  let server: DatabaseServer | undefined;
  const launch = () => {
    server = pod.start();
    return server;
  };
  const stop: Database['stop'] = async (signal) => server?.stop(signal);
  const startWith: Database['startWith'] = (statements) => {
    writeFileSync(initFile, statements.map((statement) => `${statement};\n`).join(''));
    return launch();
  };
  const startServing: Database['startServing'] = async (statements) => {
    const started = statements ? startWith(statements) : launch();
    await serving(pod, started);
    return started;
  };
  const { query } = pod;
  return {
    pod,
    initFile,
    prepare: async () => {
      const script = pod.prepare();
      if ((await script.ended) !== 0) throw new Error(`the init container fails: ${script.said()}`);
    },
    start: async () => {
      const started = launch();
      await pod.ready(started);
      return started;
    },
    startWith,
    startServing,
    stop,
    fromNothing: async () => {
      const whole = readFileSync(initFile);
      await startServing(['DROP DATABASE IF EXISTS trillian', 'DROP USER IF EXISTS trillian']);
      await stop();
      writeFileSync(initFile, whole);
    },
    schema: () => ({
      tables: tables.map((table) => query(`SHOW CREATE TABLE trillian.${table}`)),
      others: query('SHOW TABLES IN trillian').length - tables.length,
      grants: query('SHOW GRANTS FOR trillian'),
      locked: query(
        "SELECT JSON_VALUE(Priv, '$.account_locked') FROM mysql.global_priv WHERE User = 'trillian'",
      ),
    }),
    numbered: () => query(`SELECT NAME, TABLE_ID ${inDatabase} ORDER BY NAME`),
    asTrillian: (sql) => {
      try {
        return pod.queryAsTrillian(sql);
      } catch (error) {
        return String((error as { stderr?: string }).stderr);
      }
    },
    remove: async () => {
      await stop('SIGKILL');
      await pod.remove();
    },
  };
}

async function serving(pod: DatabasePod, server: DatabaseServer): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
    try {
      return void pod.query('SELECT 1');
    } catch {
      // Not yet.
    }
  }
  throw new Error(`mariadbd does not serve:\n${server.log()}`);
}
