import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dumpReader, type Head } from '../../packages/sigstand/src/backup/heads.ts';
import { headsIn, headsQuery, loadingFlags } from '../../packages/sigstand/src/database.ts';
import { after, before, knownQuery } from '../../packages/sigstand/src/restore/loading.ts';
import { type Database, type Mariadb, startMariadb } from '../programs/trillian.ts';

/* What sigstand backup and restore say to a database, said to a real MariaDB by its own clients. */

let mariadb: Mariadb;
let source: Database;
let dump = Buffer.alloc(0);
let heads: readonly Head[] = [];
// Of two lengths: as numbers they stand in another order than as text.
const [one, two] = ['5577006791947779410', '867466522308215355'] as const;

beforeAll(async () => {
  mariadb = await startMariadb();
  source = mariadb.newDatabase();
  for (const tree of [one, two]) plant(source, tree);
  dump = execFileSync('mariadb-dump', [
    ...source.client,
    ...['--single-transaction', '--quick', '--hex-blob', '--complete-insert', source.name],
  ]);
  const reader = dumpReader();
  reader.take(dump);
  heads = reader.end().heads;
});
afterAll(() => mariadb?.stop());

/** A tree with forty leaves and two heads, of which the newer was written first. */
function plant({ query }: Database, tree: string): void {
  query(`INSERT INTO Trees VALUES (${tree},'ACTIVE','LOG','RFC6962_SHA256','SHA256','ECDSA','x','y',1,2,3,'','',NULL,NULL);
    INSERT INTO TreeControl VALUES (${tree},1,1,1);
    INSERT INTO TreeHead VALUES (${tree},1700000000000000002,40,X'AA0B','',2),(${tree},1700000000000000001,7,X'CC','',1);
    INSERT INTO Unsequenced VALUES (${tree},0,X'01',X'02',3,X'${tree.padStart(8, '0').slice(0, 8)}');`);
  for (let nth = 0; nth < 40; nth++) {
    const hash = `X'${String(nth).padStart(4, '0')}'`;
    query(`INSERT INTO LeafData VALUES (${tree},${hash},X'00FF270A5C',NULL,5);
      INSERT INTO SequencedLeafData VALUES (${tree},${nth},${hash},X'FE',9);`);
  }
}

function client({ client }: Database): ChildProcess {
  return spawn('mariadb', [...client, ...loadingFlags], { stdio: ['pipe', 'ignore', 'pipe'] });
}

async function run(
  into: Database,
  sql: Buffer | string,
): Promise<{ status: number; said: string }> {
  const child = client(into);
  const said = text(child.stderr!);
  child.stdin?.on('error', () => {});
  child.stdin?.end(sql);
  const [status] = (await once(child, 'close')) as [number];
  return { status, said: await said };
}

const whole = ({ name }: Database, all = heads) =>
  Buffer.concat([Buffer.from(before(name)), dump, Buffer.from(after(name, all))]);

const answered = ({ query }: Database, sql: string) =>
  headsIn(query(sql).map((line) => line.split('\t')));
const headsOf = (database: Database) => answered(database, headsQuery);

/** What a load makes beside a database, and should take away. */
const beside = ({ name }: Database) => source.query(`SHOW DATABASES LIKE '${name}\\_%'`);

describe('a dump', () => {
  it.each([
    ['a command of the shell', (file: string) => `\\! touch ${file}\n`],
    ['the same by its name', (file: string) => `system touch ${file}\n`],
    ['a file to write into', (file: string) => `\\T ${file}\n`],
  ])('with %s reaches neither', async (_what, crafted) => {
    const folder = await mkdtemp(join(tmpdir(), 'sigstand-crafted-'));
    const file = join(folder, 'reached');
    const { status, said } = await run(mariadb.newDatabase(), crafted(file));
    expect(await readdir(folder)).toEqual([]);
    expect({ status, said }).toEqual({ status: 1, said: expect.stringContaining('sandbox') });
    await rm(folder, { recursive: true });
  });

  it('tells the newest head of each tree, as the database does', () => {
    expect(heads).toEqual([
      { tree: one, size: 40, root: 'aa0b' },
      { tree: two, size: 40, root: 'aa0b' },
    ]);
    expect(headsOf(source)).toEqual(heads);
  });

  it('is loaded into an empty database, with all that holds its tables together', async () => {
    const target = mariadb.newDatabase();
    expect(await run(target, whole(target))).toEqual({ status: 0, said: '' });
    expect(headsOf(target)).toEqual(heads);
    const tables =
      'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1';
    const keys = `SELECT CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME FROM
      information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()
      AND UNIQUE_CONSTRAINT_SCHEMA = DATABASE() ORDER BY 1, 2`;
    for (const sql of [tables, keys, 'CHECKSUM TABLE LeafData, Unsequenced, TreeControl']) {
      const plain = (database: Database) =>
        database.query(sql).map((line) => line.replaceAll(database.name, ''));
      expect(plain(target)).toEqual(plain(source));
      expect(plain(target).length).toBeGreaterThan(2);
    }
    expect(beside(target)).toEqual([]);
    expect(answered(target, knownQuery(heads))).toEqual(heads);
  });

  it('is not loaded where there is a tree', async () => {
    const target = mariadb.newDatabase();
    plant(target, '7');
    expect(await run(target, whole(target))).toMatchObject({
      status: 1,
      said: expect.stringContaining('sigstand: trees'),
    });
    expect(headsOf(target)).toHaveLength(1);
    expect(target.query(knownQuery(heads))).toEqual([]);
  });

  it.each([
    ['a head that it does not have', () => [{ ...heads[0]!, size: 41 }]],
    ['another root hash', () => [{ ...heads[0]!, root: 'aa0c' }]],
    ['a head that is not the newest', () => [{ ...heads[0]!, size: 7, root: 'cc' }]],
  ])('is not put in place where the backup says %s', async (_, wrong) => {
    const target = mariadb.newDatabase();
    const ended = await run(target, whole(target, wrong()));
    expect(ended).toMatchObject({ status: 1, said: expect.stringContaining('sigstand: heads') });
    expect(headsOf(target)).toEqual([]);
  });

  it('is not put in place without a leaf that its tree has', async () => {
    const target = mariadb.newDatabase();
    const lose = `DELETE FROM SequencedLeafData WHERE TreeId = ${one} AND SequenceNumber = 11;\n`;
    const end = Buffer.from(lose + after(target.name, heads));
    const ended = await run(target, Buffer.concat([Buffer.from(before(target.name)), dump, end]));
    expect(ended.said).toContain('sigstand: heads');
    expect(headsOf(target)).toEqual([]);
  });
});

describe('a load that is cut short', () => {
  it('leaves nothing in place, and the next one goes on, wherever that was', async () => {
    const target = mariadb.newDatabase();
    const all = whole(target);
    const points = Array.from({ length: 20 }, (_, nth) => Math.floor((all.length * nth) / 20));
    for (const point of points) {
      await run(target, all.subarray(0, point));
      expect(headsOf(target), `after ${point} bytes`).toEqual([]);
    }
    expect(await run(target, all)).toEqual({ status: 0, said: '' });
    expect(headsOf(target)).toEqual(heads);
    expect(beside(target)).toEqual([]);
  });

  it('keeps another from beginning while it is under way, and no longer', async () => {
    const target = mariadb.newDatabase();
    const all = whole(target);
    const first = client(target);
    first.stdin?.write(all.subarray(0, all.length - 2_000));
    // Before the other begins: who comes first is not for the two clients to decide.
    const held = () => source.query("SELECT IS_USED_LOCK('sigstand restore') IS NOT NULL");
    await expect.poll(held, { timeout: 10_000 }).toEqual(['1']);
    expect((await run(target, all)).said).toContain('sigstand: locked');
    first.kill('SIGKILL');
    await once(first, 'close');
    const again = async () => (await run(target, all)).status;
    await expect.poll(again, { timeout: 10_000 }).toBe(0);
    expect(headsOf(target)).toEqual(heads);
  });
});
