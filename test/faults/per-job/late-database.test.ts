import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rekorConfig } from '@sigstand/contracts/records';
import { directoryStore } from '@sigstand/store/directory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../programs/server.ts';
import {
  type Database,
  type Mariadb,
  type RunningTrillian,
  startMariadb,
  startTrillian,
} from '../../programs/trillian.ts';
import { startJob } from '../process.ts';
import { figure, long, patience } from '../profile.ts';
import { type Mishap, startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';
import { credentials, type DatabasePod, newDatabasePod } from './database-pod.ts';

/* What createtree stands behind: a database that Trillian's log server waits for, and that server. */

const closing = new AsyncDisposableStack();
let mariadb: Mariadb;
beforeAll(async () => {
  mariadb = await startMariadb();
  closing.defer(mariadb.stop);
});
afterAll(() => closing.disposeAsync());

/** The Job as its image runs it, with its records in a folder; `recorded` reads the id. */
function createtree(server: string, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-late-'));
  closing.defer(() => rmSync(folder, { recursive: true, force: true }));
  const all = [`--store=dir:${folder}`, `--admin-server=${server}`, ...args];
  return {
    ...startJob('createtree', { args: all }),
    recorded: async () => {
      const bytes = (await directoryStore(folder).read(rekorConfig))?.data.treeID;
      return bytes && Buffer.from(bytes).toString();
    },
  };
}

const live = ({ query }: Pick<Database, 'query'>) =>
  query('SELECT TreeId FROM Trees WHERE Deleted IS NOT TRUE');

async function databasePod(): Promise<DatabasePod> {
  const pod = await newDatabasePod();
  closing.defer(pod.remove);
  const script = pod.prepare();
  expect({ status: await script.ended, said: script.said() }).toMatchObject({ status: 0 });
  return pod;
}

function dsn(port: number): string {
  const { user, password, database } = credentials;
  return `${user}:${password}@tcp(127.0.0.1:${port})/${database}`;
}

describe('a database that is late', () => {
  it.concurrent.each(long ? [60, 120, 240] : [5])(
    'by %i s is waited for by Trillian, and Trillian by createtree, and nobody fails',
    async (seconds) => {
      const pod = await databasePod();
      const [script, port] = [pod.waiter('log-server', pod.port), await freePort()];
      const run = createtree(`127.0.0.1:${port}`);
      const ended = run.ended.then(() => performance.now());
      await sleep(seconds * 1_000);
      expect([script.child.exitCode, run.child.exitCode]).toEqual([null, null]);

      const server = pod.start();
      closing.defer(() => server.stop('SIGKILL'));
      await pod.ready(server);
      const [serves, waited] = [performance.now(), await script.ended];
      const noticed = performance.now() - serves;
      expect({ waited, said: script.said() }).toMatchObject({
        waited: 0,
        said: expect.stringMatching(/^waiting for the database: .*\n.*Can't connect/),
      });
      const query = (sql: string) => pod.query(`USE trillian; ${sql}`);
      const opened = opening(port);
      const trillian = await startTrillian({ database: { dsn: dsn(pod.port), query }, port });
      closing.defer(trillian.stop);
      const { status, stderr } = await run.ended;
      const after = (await ended) - (await opened);
      expect({ status, stderr }).toMatchObject({
        status: 0,
        stderr: expect.stringContaining(`waiting for Trillian at 127.0.0.1:${port}`),
      });
      expect(live({ query })).toEqual([await run.recorded()]);
      figure(
        `database ${seconds} s late: log-server's wait ended ${noticed.toFixed()} ms after it was ready, createtree ${after.toFixed()} ms after Trillian was`,
      );
      expect(noticed).toBeLessThan(patience(5_000));
      expect(after).toBeLessThan(patience(5_000));
    },
  );

  it.concurrent('and resets or swallows connections is asked again by all who wait for it', async () => {
    const pod = await databasePod();
    const server = pod.start();
    closing.defer(() => server.stop('SIGKILL'));
    await pod.ready(server);
    const waits = ['log-server', 'log-signer', 'rekor'].map(async (owner) => {
      const mishap = firstOf(['reset', 'reset', 'reset', 'hang']);
      const proxy = await startTcpProxy({ to: pod.port, mishap });
      closing.defer(proxy.close);
      // As in a Pod that is made after Rekor's tree was recorded.
      const script = pod.waiter(owner, proxy.port, { TREE_ID: '1' });
      const status = await script.ended;
      return { owner, status, connections: proxy.connections(), said: script.said() };
    });
    for (const wait of await Promise.all(waits)) {
      expect(wait).toMatchObject({
        ...{ status: 0, connections: 5 },
        said: expect.stringContaining("Lost connection to server at 'handshake"),
      });
    }
  });
});

describe('a tree that is late', () => {
  it.concurrent('is waited for by Rekor, by its name, and nobody else is', async () => {
    const pod = await databasePod();
    const server = pod.start();
    closing.defer(() => server.stop('SIGKILL'));
    await pod.ready(server);
    const script = pod.waiter('rekor', pod.port);
    const make = (id: number, name: string) =>
      pod.query(`USE trillian;
        INSERT INTO Trees VALUES (${id}, 'ACTIVE', 'LOG', 'RFC6962_SHA256', 'SHA256', 'ECDSA', '${name}', '', 1, 1, 0, '', '', 0, NULL);
        INSERT INTO TreeHead VALUES (${id}, 1, 0, '', '', 0);`);
    make(1, 'ctlogtree');
    await sleep(1_500);
    expect(script.child.exitCode).toBe(null);
    make(2, 'rekortree');
    expect({ status: await script.ended, said: script.said() }).toEqual({
      status: 0,
      said: 'waiting for the tree rekortree, which createtree makes\n',
    });
  });
});

/** Resolves to when the port was first open. */
async function opening(port: number): Promise<number> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return performance.now();
    await sleep(10);
  }
}

const firstOf =
  (kinds: readonly ('reset' | 'hang')[]) =>
  (n: number): Mishap | undefined => {
    const kind = kinds[n - 1];
    return kind && { kind };
  };

describe('createtree', () => {
  let trillian: RunningTrillian;
  let proxy: TcpProxy;
  let database: Database;
  beforeAll(async () => {
    database = mariadb.newDatabase();
    const port = Number(/:(\d+)\)/.exec(database.dsn)?.[1]);
    proxy = await startTcpProxy({ to: port });
    const through = database.dsn.replace(`:${port})`, `:${proxy.port})`);
    trillian = await startTrillian({ database: { ...database, dsn: through } });
  });
  afterAll(async () => {
    await trillian?.stop();
    await proxy?.close();
  });

  it('makes one tree where connections to Trillian are reset, swallowed or cut', async () => {
    const before = live(trillian).length;
    const port = Number(trillian.address.split(':')[1]);
    const mishaps: ((n: number) => Mishap | undefined)[] = [
      firstOf(['reset', 'reset', 'reset']),
      firstOf(['hang']),
      (n) => (n === 1 ? { kind: 'cut', after: 120 } : undefined),
    ];
    const recorded = await Promise.all(
      mishaps.map(async (mishap) => {
        const front = await startTcpProxy({ to: port, mishap });
        closing.defer(front.close);
        const run = createtree(front.address);
        const { status, stderr, ms } = await run.ended;
        expect({ status, stderr }).toMatchObject({ status: 0 });
        expect(ms).toBeLessThan(patience(30_000));
        expect(front.connections()).toBeGreaterThan(1);
        return run.recorded();
      }),
    );
    expect(live(trillian)).toHaveLength(before + 3);
    expect(live(trillian)).toEqual(expect.arrayContaining(recorded));
  });

  it('waits for a database that goes away under Trillian, and makes one tree when it is back', async () => {
    const before = live(trillian).length;
    const { port } = proxy;
    await proxy.close();
    const run = createtree(trillian.address);
    await sleep(long ? 30_000 : 2_000);
    expect(run.child.exitCode).toBe(null);
    proxy = await startTcpProxy({ to: Number(/:(\d+)\)/.exec(database.dsn)?.[1]), port });
    const { status, stderr } = await run.ended;
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(
        /answered (UNKNOWN|INTERNAL|UNAVAILABLE): .*connection refused/,
      ),
    });
    expect(live(trillian)).toHaveLength(before + 1);
  });

  it.each([
    [
      'may not be written',
      'SET GLOBAL read_only = 1',
      'SET GLOBAL read_only = 0',
      'running with the --read-only option',
    ],
    [
      // What MariaDB answers where its disk has no room.
      'is full',
      "CREATE TRIGGER full BEFORE INSERT ON Trees FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = \"The table 'Trees' is full\"",
      'DROP TRIGGER full',
      "The table 'Trees' is full",
    ],
  ])(
    'says of a database that %s why there is no tree, and goes on when it can',
    async (_how, begin, end, words) => {
      const before = live(trillian).length;
      await betweenTransactions(database, begin);
      const run = createtree(trillian.address);
      try {
        const late = await createtree(trillian.address, '--timeout=1s').ended;
        expect({ status: late.status, last: late.stderr.trim().split('\n').at(-1) }).toEqual({
          status: 69,
          last: expect.stringContaining(words),
        });
        expect(run.child.exitCode).toBe(null);
      } finally {
        await betweenTransactions(database, end);
      }
      expect(await run.ended).toMatchObject({ status: 0, stderr: expect.stringContaining(words) });
      expect(live(trillian)).toHaveLength(before + 1);
    },
  );
});

/**
 * A statement that waits for every transaction on its table: Trillian's come through a proxy in this
 * process, which must have its turn to end them.
 */
async function betweenTransactions(database: Database, sql: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
    try {
      database.query(`SET lock_wait_timeout = 1; ${sql}`);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
