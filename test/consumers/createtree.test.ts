import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rekorConfig } from '@sigstand/contracts/records';
import { opensslCertificate } from '@sigstand/pki/testing';
import { directoryStore } from '@sigstand/store/directory';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startJob } from '../faults/process.ts';
import { Traffic } from '../faults/requests.ts';
import { startTrillianProxy } from '../faults/trillian-proxy.ts';
import { addEntry } from '../programs/log-entry.ts';
import { freePort } from '../programs/server.ts';
import {
  type Database,
  type Mariadb,
  type RunningTrillian,
  startMariadb,
  startTrillian,
} from '../programs/trillian.ts';

let mariadb: Mariadb;
let trillian: RunningTrillian;

beforeAll(async () => {
  mariadb = await startMariadb();
});
afterAll(() => mariadb?.stop());

/** Trillian with an empty database, for one test. */
async function fresh(): Promise<RunningTrillian> {
  const started = await startTrillian({ mariadb });
  onTestFinished(() => started.stop());
  return started;
}

/** The Job as its image runs it, with the records in a directory. */
function createtree(store: string, server: string, ...args: string[]) {
  const all = [`--store=dir:${store}`, `--admin-server=${server}`, '--timeout=30s', ...args];
  return startJob('createtree', { args: all });
}

/** A folder that goes with its test. */
function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sigstand-createtree-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function recorded(store: string): Promise<string | undefined> {
  const bytes = (await directoryStore(store).read(rekorConfig))?.data.treeID;
  return bytes && Buffer.from(bytes).toString();
}

/** Asked of the database, past Trillian's API and ours. */
function liveTrees({ query }: Pick<Database, 'query'>): string[] {
  return query('SELECT TreeId FROM Trees WHERE Deleted IS NOT TRUE ORDER BY CreateTimeMillis');
}

describe('createtree on a real Trillian', () => {
  it('makes an active log as the flags say, with a first root', async () => {
    trillian = await fresh();
    const store = newFolder();
    const { status } = await createtree(
      store,
      trillian.address,
      '--display-name=rekor 🌲',
      `--description=${'é'.repeat(172)}`,
      '--max-root-duration=1m30.5s',
    ).ended;
    expect(status).toBe(0);
    const columns = 'TreeId, TreeState, TreeType, DisplayName, MaxRootDurationMillis';
    expect(trillian.query(`SELECT ${columns} FROM Trees`)).toEqual([
      `${await recorded(store)}\tACTIVE\tLOG\trekor 🌲\t90500`,
    ]);
    expect(trillian.query('SELECT CHAR_LENGTH(Description) FROM Trees')).toEqual(['200']);
    expect(trillian.query('SELECT TreeId FROM TreeHead')).toContain(await recorded(store));
  });

  it('keeps the tree when it runs again, and changes no row', async () => {
    trillian = await fresh();
    const store = newFolder();
    await createtree(store, trillian.address).ended;
    const before = trillian.query('SELECT * FROM Trees');
    const { status, stderr } = await createtree(store, trillian.address).ended;
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/kept tree/),
    });
    expect(trillian.query('SELECT * FROM Trees')).toEqual(before);
  });

  it('leaves one live tree where five processes run at the same time', async () => {
    trillian = await fresh();
    for (let round = 1; round <= 3; round += 1) {
      const store = newFolder();
      const before = liveTrees(trillian).length;
      const runs = [1, 2, 3, 4, 5].map(() => createtree(store, trillian.address).ended);
      expect((await Promise.all(runs)).map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
      const live = liveTrees(trillian);
      expect(live).toHaveLength(before + 1);
      expect(live).toContain(await recorded(store));
    }
  });

  it.each(
    ['CreateTree', 'InitLog', 'GetLatestSignedLogRoot', 'DeleteTree'].flatMap((method) => [
      { method, when: 'before' as const },
      { method, when: 'after' as const },
    ]),
  )('leaves one live tree after a kill $when $method', async (point) => {
    trillian = await fresh();
    const store = newFolder();
    if (point.method === 'DeleteTree') await addDuplicate(store);
    const proxy = await killingProxy(trillian.address, point);
    const run = createtree(store, proxy.address);
    proxy.traffic.victim = run.child;
    expect((await run.ended).status).toBe(null);
    expect(await createtree(store, trillian.address).ended).toMatchObject({ status: 0 });
    expect(liveTrees(trillian)).toEqual([await recorded(store)]);
  });

  it('tells a database that was replaced from one that is new', async () => {
    trillian = await fresh();
    const store = newFolder();
    await createtree(store, trillian.address).ended;
    const id = await recorded(store);
    const other = await fresh();
    const { status, stderr } = await createtree(store, other.address).ended;
    expect(status).toBe(78);
    expect(stderr).toContain(`ConfigMap rekor-system/rekor-config names tree ${id}`);
    expect(liveTrees(other)).toEqual([]);
    expect(await createtree(store, other.address, '--force').ended).toMatchObject({ status: 0 });
    expect(liveTrees(other)).toEqual([await recorded(store)]);
  });

  it('makes no second tree beside one of its name that has entries, unless it is forced', async () => {
    trillian = await fresh();
    const name = '--display-name=rekortree';
    const [first, restored] = [newFolder(), newFolder()];
    await createtree(first, trillian.address, name).ended;
    const id = await recorded(first);
    expect(await createtree(newFolder(), trillian.address, name).ended).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`warning: Trillian has ${id} of the same name`),
    });
    const before = liveTrees(trillian);
    expect(before).toHaveLength(2);

    await addEntry(trillian.address, id!);
    const { status, stderr } = await createtree(restored, trillian.address, name).ended;
    expect({ status, stderr }).toMatchObject({
      status: 78,
      stderr: expect.stringContaining(`has tree ${id} with 1 entry, named rekortree, and`),
    });
    expect(stderr).toContain(`--from-literal=treeID=${id};`);
    expect(await directoryStore(restored).read(rekorConfig)).toBeUndefined();
    expect(liveTrees(trillian)).toEqual(before);

    await directoryStore(restored).write(rekorConfig, { data: { treeID: Buffer.from(id!) } });
    expect(await createtree(restored, trillian.address, name).ended).toMatchObject({ status: 0 });
    const other = newFolder();
    expect(await createtree(other, trillian.address, name, '--force').ended).toMatchObject({
      status: 0,
    });
    expect(liveTrees(trillian)).toEqual([...before, await recorded(other)]);
  });

  it.each([
    ['is FROZEN', "UPDATE Trees SET TreeState = 'FROZEN'"],
    ['is a PREORDERED_LOG', "UPDATE Trees SET TreeType = 'PREORDERED_LOG'"],
    ['is deleted', 'UPDATE Trees SET Deleted = true, DeleteTimeMillis = 1'],
  ])('refuses a recorded tree that %s', async (words, change) => {
    trillian = await fresh();
    const store = newFolder();
    await createtree(store, trillian.address).ended;
    trillian.query(change);
    const { status, stderr } = await createtree(store, trillian.address).ended;
    expect({ status, stderr }).toMatchObject({
      status: 78,
      stderr: expect.stringContaining(words),
    });
  });

  it('goes on within a second when Trillian comes two seconds late', async () => {
    const [port, store] = [await freePort(), newFolder()];
    const run = createtree(store, `127.0.0.1:${port}`);
    await sleep(2_000);
    const late = await startTrillian({ mariadb, port });
    onTestFinished(() => late.stop());
    const start = performance.now();
    const { status, stderr } = await run.ended;
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`waiting for Trillian at 127.0.0.1:${port}`),
    });
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('waits while the database has no tables yet', async () => {
    const database = mariadb.newDatabase();
    database.query('RENAME TABLE Trees TO Later');
    const late = await startTrillian({ database });
    onTestFinished(() => late.stop());
    const store = newFolder();
    const run = createtree(store, late.address);
    await sleep(1_500);
    database.query('RENAME TABLE Later TO Trees');
    const { status, stderr } = await run.ended;
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/answered (UNKNOWN|INTERNAL): .*doesn't exist/),
    });
    expect(liveTrees(database)).toEqual([await recorded(store)]);
  });

  it('speaks TLS to a server whose CA it is given, and to no other', async () => {
    const { cert, key } = selfSigned();
    const server = await startTrillian({
      mariadb,
      args: [`--tls_cert_file=${cert}`, `--tls_key_file=${key}`],
    });
    onTestFinished(() => server.stop());
    const run = (...args: string[]) => createtree(newFolder(), server.address, ...args).ended;
    expect(await run(`--tls-cert-file=${cert}`)).toMatchObject({ status: 0 });
    for (const args of [[], [`--tls-cert-file=${selfSigned().cert}`]]) {
      const { status, stderr } = await run('--timeout=1s', ...args);
      expect(status).toBe(69);
      expect(stderr).toContain(`Trillian at ${server.address} answered UNAVAILABLE`);
    }
    expect(liveTrees(server)).toHaveLength(1);
  });
});

/** Records a tree and puts a second one of the same intent beside it, as a killed racer would. */
async function addDuplicate(store: string): Promise<void> {
  await createtree(store, trillian.address).ended;
  const names =
    'TreeState, TreeType, HashStrategy, HashAlgorithm, SignatureAlgorithm, DisplayName,' +
    'Description, CreateTimeMillis, UpdateTimeMillis, MaxRootDurationMillis, PrivateKey, PublicKey';
  trillian.query(`INSERT INTO Trees (TreeId, ${names}) SELECT 5, ${names} FROM Trees`);
  trillian.query('INSERT INTO TreeControl SELECT 5, true, true, 1');
  expect(liveTrees(trillian)).toHaveLength(2);
}

/** Passes the Job's calls on to Trillian, and kills the victim before or after one of them. */
async function killingProxy(
  server: string,
  { method, when }: { method: string; when: 'before' | 'after' },
): Promise<{ address: string; traffic: Traffic }> {
  const traffic = new Traffic(({ what }) => (what === method ? { kind: 'kill', when } : undefined));
  const { address, close } = await startTrillianProxy(server, traffic);
  onTestFinished(close);
  return { address, traffic };
}

/** A certificate for 127.0.0.1 that signs itself, and its key. */
function selfSigned(): { cert: string; key: string } {
  const dir = newFolder();
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const extensions = ['basicConstraints=critical,CA:TRUE', 'subjectAltName=IP:127.0.0.1'];
  const made = opensslCertificate({ subject: '/CN=trillian', extensions });
  writeFileSync(cert, made.certificate);
  writeFileSync(key, made.key);
  return { cert, key };
}
