import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { figure, long, trials } from '../profile.ts';
import { randomFrom } from '../random.ts';
import { type Database, inDatabase, openDatabase, tables } from './database.ts';
import { credentials } from './database-pod.ts';

/*
 * No Job makes the database's schema: the server itself does, on every start, from a file that its
 * init container writes. So this is where a schema may be late, half made, refused or another one.
 */

const random = randomFrom();
// Of the 200 that the init container makes.
const fewest = 180;
let database: Database;
let wanted: object;
beforeAll(async () => {
  database = await openDatabase();
});
afterEach(() => database?.stop('SIGKILL'));
afterAll(() => database?.remove());

describe('the first start of the database', () => {
  it('leaves nothing half made where its init container is killed', async () => {
    const { pod, prepare } = database;
    const [data = '', half = ''] = ['data', 'data.new'].map((name) =>
      pod.path('/var/lib/mysql', name),
    );
    const kills = trials(3, 40);
    for (let trial = 1; trial <= kills; trial += 1) {
      const script = pod.prepare();
      const files = await filled(half, random.below(fewest), () => script.child.exitCode === null);
      process.kill(-(script.child.pid ?? 0), 'SIGKILL');
      await script.ended;
      const context = `trial ${trial}, ${files} files, from FAULTS_SEED=${random.seed}`;
      expect({ context, status: script.child.exitCode, whole: existsSync(data) }).toEqual({
        context,
        // It was killed while it worked, not when it was done.
        status: null,
        whole: false,
      });
      if (long) rmSync(data, { recursive: true, force: true });
    }
    await prepare();
    expect([existsSync(data), existsSync(half)]).toEqual([true, false]);
    figure(`kills of the database's init container: ${kills}`);
  });

  it('lets Trillian in only when all of its tables are there', async () => {
    const { pod, asTrillian, schema } = database;
    const server = pod.start();
    try {
      let seen: string[] | string;
      for (const deadline = Date.now() + 30_000; ; ) {
        seen = asTrillian('SHOW TABLES');
        if (Array.isArray(seen)) break;
        if (Date.now() > deadline) throw new Error(seen);
      }
      expect(seen).toEqual([...tables].sort());
      wanted = schema();
    } finally {
      await server.stop();
    }
  });

  it('gives Trillian no right that it does not need', async () => {
    const { start, asTrillian, schema } = database;
    await start();
    for (const [sql, refusal] of [
      ['DROP TABLE Unsequenced', 'DROP command denied'],
      ['ALTER TABLE Trees DROP COLUMN Deleted', 'ALTER command denied'],
      ['CREATE DATABASE mine', 'Access denied'],
      ['SELECT * FROM mysql.global_priv', 'SELECT command denied'],
    ] as const) {
      expect(asTrillian(sql)).toContain(refusal);
    }
    expect(schema()).toEqual(wanted);
  });
});

describe('a further start', () => {
  it('changes nothing', async () => {
    const { start, stop, prepare, initFile, schema, numbered } = database;
    await start();
    const before = numbered();
    const sql = readFileSync(initFile, 'utf8');
    await stop();
    await prepare();
    expect(readFileSync(initFile, 'utf8')).toBe(sql);
    await start();
    expect({ schema: schema(), numbered: numbered() }).toEqual({
      schema: wanted,
      numbered: before,
    });
  });

  it('makes a database that was dropped anew, and takes another password', async () => {
    const { pod, start, stop, prepare, asTrillian, schema } = database;
    const password = pod.path('/etc/trillian-mysql', 'password');
    await start();
    pod.query('DROP DATABASE trillian');
    await stop();
    writeFileSync(password, 'changed');
    await prepare();
    await start();
    expect(asTrillian('SHOW TABLES')).toContain('Access denied');
    await stop();
    writeFileSync(password, credentials.password);
    await prepare();
    await start();
    expect(schema()).toEqual(wanted);
  });
});

describe('a schema that was cut short', () => {
  beforeEach(() => database.fromNothing());

  it('is completed with what is missing, and nothing else, after a kill between two statements', async () => {
    const { pod, initFile, schema, numbered, ...of } = database;
    const whole = readFileSync(initFile, 'utf8');
    const reached = pod.path('/run/init', 'reached');
    const statements = statementsOf(whole);
    let points = 0;
    for (let done = 0; done <= statements.length; done += 1) {
      // In every run the kills between tables; in the long one all.
      if (!long && !statements[done - 1]?.includes('CREATE TABLE')) continue;
      points += 1;
      const report = `SELECT NAME, TABLE_ID INTO OUTFILE '${reached}' ${inDatabase} ORDER BY NAME`;
      of.startWith([...statements.slice(0, done), report, 'DO SLEEP(600)']);
      while (!existsSync(reached)) await sleep(5);
      await of.stop('SIGKILL');
      const made = readFileSync(reached, 'utf8').split('\n').filter(Boolean);
      rmSync(reached);

      writeFileSync(initFile, whole);
      await of.start();
      expect({ done, schema: schema() }).toEqual({ done, schema: wanted });
      expect(numbered()).toEqual(expect.arrayContaining(made));
      await of.stop();
      await of.fromNothing();
    }
    figure(`kills between two statements of the schema: ${points}`);
  });

  it('is completed after a kill at any moment', async () => {
    const { pod, schema, ...of } = database;
    const kills = trials(4, 200);
    for (let trial = 1; trial <= kills; trial += 1) {
      const context = `trial ${trial} from FAULTS_SEED=${random.seed}`;
      const server = pod.start();
      // Each table has two files, and the database one.
      const point = random.below(2 * tables.length + 2);
      await filled(pod.path('/var/lib/mysql', 'data/trillian'), point, server.running);
      await server.stop('SIGKILL');
      await of.start();
      expect({ context, schema: schema() }).toEqual({ context, schema: wanted });
      await of.stop();
      await of.fromNothing();
    }
    figure(`kills while the schema is made: ${kills}`);
  });
});

/** Waits until a folder that somebody fills holds so many files, at any depth; resolves to how many it has. */
async function filled(folder: string, least: number, works: () => boolean): Promise<number> {
  for (;;) {
    const files = countOf(folder);
    if (files >= least) return files;
    if (!works()) throw new Error(`the process has ended with ${files} of ${least} files`);
    await sleep(2);
  }
}

function countOf(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true }).length;
  } catch (error) {
    // Not there yet, or renamed while it was read.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return -1;
    throw error;
  }
}

function statementsOf(sql: string): string[] {
  return sql
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;\n/)
    .filter((statement) => statement.trim() !== '');
}

describe('two servers on one volume', () => {
  it('end with one that serves, and one that is told that the volume is in use', async () => {
    const { pod, start, schema, numbered } = database;
    const server = await start();
    const before = { schema: schema(), numbered: numbered() };
    const { length } = server.log();
    const other = pod.start();
    try {
      const said = () => other.log().slice(length);
      await expect.poll(said, { timeout: 20_000 }).toMatch(/Can't lock .* for exclusive use/);
    } finally {
      await other.stop('SIGKILL');
    }
    expect({ schema: schema(), numbered: numbered() }).toEqual(before);
  });
});
