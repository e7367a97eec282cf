import { mysqlCredentials, rekorMysqlCredentials } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import type { Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { createSecret } from './job.ts';

type Texts = Readonly<Record<string, string>>;

const managed: Texts = { user: 'log', password: 'a/b@c:d?"\\$x', database: 'sigstore' };
const own: Texts = { ...managed, password: 'secret-1', 'root-password': 'secret-2' };

const data = (texts: Texts) =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, utf8(text)]));

async function holding(trillian: Texts, rekor?: Texts): Promise<Store> {
  const store = memoryStore();
  await store.write(mysqlCredentials, { data: data(trillian) });
  if (rekor) await store.write(rekorMysqlCredentials, { data: data(rekor) });
  return store;
}

async function run(store: Store, ...flags: string[]) {
  const writes: string[] = [];
  const noting = recording(store, (request) => {
    if (request.verb === 'patch') writes.push(showRequest(request));
  });
  const args = ['--namespace=trillian-system', '--password-secret=trillian-mysql'];
  const ended = await runJob(createSecret(), noting, {
    args: [...args, '--copy-to=rekor-system', ...flags],
  });
  return { ...ended, writes };
}

const copied = async (store: Store) => (await store.read(rekorMysqlCredentials))?.data;

describe('credentials of a managed database', () => {
  it('need no root-password, and are copied as they are', async () => {
    const store = await holding(managed);
    const { status, stderr } = await run(store);
    expect(status).toBe(0);
    expect(stderr).toContain('no root-password, so the database is not the one that this stack');
    expect(await copied(store)).toEqual(data(managed));
    expect((await run(store)).writes).toEqual([]);
  });

  it.each([
    ['another user', { ...managed, user: 'index' }],
    ['a password that was changed in one namespace', { ...managed, password: 'new' }],
  ])('may have %s for Rekor', async (_what, rekor) => {
    const store = await holding(managed, rekor);
    const { status, stderr, writes } = await run(store);
    expect({ status, writes }).toEqual({ status: 0, writes: [] });
    expect(stderr).toContain('a user of its own is in Secret rekor-system/trillian-mysql');
    expect(await copied(store)).toEqual(data(rekor));
  });

  it('name one database: Rekor’s index is a table beside Trillian’s', async () => {
    const { status, stderr, writes } = await run(
      await holding(managed, { ...managed, database: 'rekor' }),
    );
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain('another database');
  });

  it.each([
    ['user', 'a:b'],
    ['database', 'a/b'],
    ['database', 'a?tls=false'],
    ['database', 'a%62'],
  ])('have no %s %s, which a connection string ends early', async (key, value) => {
    const { status, stderr, writes } = await run(await holding({ ...managed, [key]: value }));
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain(`key ${key} has a character that ends it`);
  });
});

describe('credentials that are given', () => {
  it('are waited for, and none are made in their place', async () => {
    const { status, stderr, writes } = await run(memoryStore(), '--given', '--timeout=50ms');
    expect({ status, writes }).toEqual({ status: 69, writes: [] });
    expect(stderr).toContain('Secret trillian-system/trillian-mysql, user, password, database');
  });

  it('are copied as they are, once they are there', async () => {
    const store = memoryStore();
    const late = setTimeout(() => store.write(mysqlCredentials, { data: data(managed) }), 150);
    expect(await run(store, '--given', '--timeout=5s')).toMatchObject({ status: 0 });
    clearTimeout(late);
    expect(await copied(store)).toEqual(data(managed));
    expect((await run(store, '--given')).writes).toEqual([]);
  });

  it('lead their copies: a password that was changed arrives', async () => {
    const store = await holding({ ...managed, password: 'new' }, managed);
    expect(await run(store, '--given')).toMatchObject({
      status: 0,
      writes: ['patch Secret rekor-system/trillian-mysql'],
    });
    expect(await copied(store)).toEqual(data({ ...managed, password: 'new' }));
  });

  it('have a form that servers can read', async () => {
    const store = await holding({ ...managed, password: 'x\n' });
    expect(await run(store, '--given')).toMatchObject({ status: 65, writes: [] });
  });

  it('are not made: --user and --database say nothing to them', async () => {
    for (const flag of ['--user=a', '--database=b']) {
      expect(await run(memoryStore(), '--given', flag)).toMatchObject({ status: 64, writes: [] });
    }
  });

  it('are of a database alone', async () => {
    const { status, stderr } = await runJob(createSecret(), memoryStore(), { args: ['--given'] });
    expect({ status }).toEqual({ status: 64 });
    expect(stderr).toContain('--password-secret');
  });
});

describe('credentials of our own database', () => {
  it.each([
    ['user', { ...own, user: 'index' }],
    ['password', { ...own, password: 'new' }],
  ])('are the same %s in both namespaces', async (key, rekor) => {
    const { status, stderr, writes } = await run(await holding(own, rekor));
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain(`another ${key} than`);
  });

  it.each(Object.keys(own))('have a %s that its start can put into SQL', async (key) => {
    const { status, stderr, writes } = await run(await holding({ ...own, [key]: "o'brien" }));
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain(`key ${key} has other characters than letters, digits, _ and -`);
    expect(stderr).not.toContain('brien');
  });
});

describe('a line feed at the end', () => {
  const places = Object.keys(own).flatMap((key) => [
    ...(key === 'root-password' ? [] : [['managed', key, managed] as const]),
    ['own', key, own] as const,
  ]);

  it.each(places)('is named in the %s database’s %s', async (_whose, key, texts) => {
    for (const end of ['\n', '\r\n']) {
      const store = await holding({ ...texts, [key]: `hunter2${end}` });
      const { status, stderr, writes } = await run(store);
      expect({ status, writes }).toEqual({ status: 65, writes: [] });
      expect(stderr).toContain(`key ${key} ends with a line feed`);
      expect(stderr).not.toContain('hunter2');
    }
  });

  it('is named in a copy', async () => {
    const { status, stderr } = await run(await holding(managed, { ...managed, password: 'x\n' }));
    expect(status).toBe(65);
    expect(stderr).toContain('Secret rekor-system/trillian-mysql key password ends with a line');
  });
});
