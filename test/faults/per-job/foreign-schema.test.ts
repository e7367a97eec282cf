import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';

/* Tables that stood in the database before its server made the schema, and are not those of Trillian. */

const columns =
  "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'trillian'";
// An index that a foreign key made for itself has the name of a column.
const indexes =
  'SELECT DISTINCT table_name, index_name FROM information_schema.statistics ' +
  "WHERE table_schema = 'trillian' AND index_name NOT IN ('PRIMARY', 'TreeId')";

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
  await database.prepare();
});
afterEach(() => database?.stop());
afterAll(() => database?.remove());

describe('a schema of somebody else', () => {
  beforeEach(() => database.fromNothing());

  const table = (definition: string) => `CREATE TABLE trillian.${definition}`;
  it.each([
    ['a table that no other can refer to', table('LeafData (x INT)'), /SequencedLeafData/],
    ['a column that is missing', table('TreeControl (TreeId BIGINT)'), /'SigningEnabled'/],
    [
      'an index that is missing',
      table(
        'Unsequenced (TreeId INT, Bucket INT, LeafIdentityHash INT, MerkleLeafHash INT, QueueTimestampNanos INT, QueueID INT)',
      ),
      /'QueueID'/,
    ],
  ])(
    'is left as it is and Trillian outside for %s, which the log names',
    async (_what, sql, words) => {
      const { pod, startServing, stop, asTrillian } = database;
      const whole = readFileSync(database.initFile, 'utf8');
      const { log } = await startServing(['CREATE DATABASE trillian', sql]);
      const before = pod.query(columns);
      await stop();

      const { length } = log();
      writeFileSync(database.initFile, whole);
      await startServing();
      expect(asTrillian('SHOW TABLES')).toContain('account is locked');
      expect(/^ERROR: .*$/m.exec(log().slice(length))?.[0]).toMatch(words);
      expect(pod.query(columns)).toEqual(expect.arrayContaining(before));
    },
  );

  it('is recognised by any column or index that it lacks', async () => {
    const { pod, start, schema } = database;
    await start();
    const wanted = schema();
    const shipped = readFileSync(pod.path('/etc/trillian-schema', 'schema.sql'), 'utf8');
    const lacks = [
      ...pod.query(columns).map((line) => ['COLUMN', ...line.split('\t')] as const),
      ...pod.query(indexes).map((line) => ['INDEX', ...line.split('\t')] as const),
    ];
    expect(lacks.length).toBeGreaterThan(40);
    for (const [what, on = '', name = ''] of lacks) {
      const rename = (from: string, to: string) =>
        pod.query(`ALTER TABLE trillian.${on} RENAME ${what} ${from} TO ${to}`);
      rename(name, 'other');
      expect(() => pod.query(`USE trillian; ${shipped}`)).toThrow(`'${name}'`);
      rename('other', name);
    }
    expect(pod.query(`USE trillian; ${shipped}`)).toEqual([]);
    expect(schema()).toEqual(wanted);
  });
});
