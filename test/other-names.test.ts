import * as record from '@sigstand/contracts/records';
import { inputs, put } from '@sigstand/createtuf/testing';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import { type Data, type Ref, type Store, secretIn, show } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { jobs } from './jobs.ts';

const text = (value: string) => new Uint8Array(Buffer.from(value));
const holding = (...keys: string[]): Data =>
  Object.fromEntries(keys.map((key) => [key, text('a-value-of-somebody')]));

const tls = holding('tls.crt', 'tls.key', 'ca.crt');
const database = ['--namespace=trillian-system', '--password-secret=trillian-mysql'];
const ctlog = ['--namespace=ctlog-system'];
const given = secretIn('ctlog-system', 'own-key');

/** What a Job is given, in which record, and the names under which it would have been read. */
const rows: readonly [job: string, args: string[], ref: Ref, data: Data, wanted: string[]][] = [
  ['createcerts', [], record.fulcioSecrets, tls, ['cert', 'private', 'password']],
  ['createcerts', [], record.fulcioPublicKey, holding('tls.crt'), ['cert', 'public']],
  [
    'createcertchain',
    [],
    record.tsaCertChain,
    holding('cert.pem', 'key.pem'),
    ['cert-chain', 'signing-secret'],
  ],
  [
    'createsecret',
    [],
    record.rekorSigningSecret,
    holding('cosign.key', 'cosign.password'),
    ['signing-secret'],
  ],
  ['createsecret', [], record.rekorPublicKey, holding('cosign.pub'), ['public']],
  [
    'createsecret',
    database,
    record.mysqlCredentials,
    holding('mysql-user', 'mysql-password', 'mysql-root-password'),
    ['user', 'password', 'database'],
  ],
  [
    'createsecret',
    database,
    record.mysqlCredentials,
    holding('MYSQL_PASSWORD', 'username'),
    ['user', 'password'],
  ],
  ['createctconfig', ctlog, record.ctlogSecrets, holding('private.pem'), ['private', 'config']],
  ['createctconfig', ctlog, record.ctlogKey, holding('key.pem'), ['private', 'password']],
  ['createctconfig', ctlog, record.ctlogPublicKey, holding('pub.pem'), ['public']],
  ['createctconfig', [...ctlog, '--private-secret=own-key'], given, tls, ['private']],
  ['createctconfig', ctlog, record.fulcioPublicKey, tls, ['cert']],
  ['createctconfig', ctlog, record.ctlogConfig, holding('treeId'), ['treeID']],
  ['createtree', [], record.rekorConfig, { id: text('4428463716573842791\n') }, ['treeID']],
  ['copysecrets', [], record.fulcioPublicKey, tls, ['cert', 'public']],
  ['copysecrets', [], record.tsaCertChain, tls, ['cert-chain']],
  ['copysecrets', [], record.copies.rekor, holding('rekor.pub'), ['public']],
  ['createtuf', [], record.copies.ctlog, holding('ctfe.pub'), ['public']],
  ['createtuf', [], record.copies.tsa, holding('chain.pem'), ['cert-chain']],
  ['createtuf', [], record.tufKeys, holding('root.pem', 'timestamp.pem'), ['root', 'timestamp']],
  ['createtuf', [], record.tufRoot, holding('1.root.json'), ['root', 'repository']],
];

/** A stack as its Jobs left it. */
let made: Store;
beforeAll(async () => {
  made = memoryStore();
  const run = (job: string, ...args: string[]) => runJob(jobs[job]!(), made, { args });
  await run('createcerts');
  await run('createcertchain');
  await run('createsecret');
  await run('createsecret', ...database, '--copy-to=rekor-system');
  await made.write(record.ctlogConfig, { data: { treeID: text('4428463716573842791') } });
  await run('createctconfig', ...ctlog);
  await put(made, inputs('first'));
});

/** What each Job reads of other Jobs' records. */
const needs: Record<string, readonly Ref[]> = {
  createctconfig: [record.ctlogConfig, record.fulcioPublicKey],
  copysecrets: [
    record.fulcioPublicKey,
    record.ctlogPublicKey,
    record.rekorPublicKey,
    record.tsaCertChain,
  ],
  createtuf: Object.values(record.copies),
};

/** A store with a Job's inputs, in which one record holds that and nothing else. */
async function storeFor(job: string, ref: Ref, data: Data): Promise<Store> {
  const store = memoryStore();
  for (const input of needs[job] ?? []) {
    if (show(input) !== show(ref)) {
      await store.write(input, { data: (await made.read(input))?.data ?? {} });
    }
  }
  await store.write(ref, { data });
  return store;
}

describe('material under other names', () => {
  it.each(rows)('ends %s %j with 78 where it is in %o', async (job, args, ref, data, wanted) => {
    const store = await storeFor(job, ref, data);
    const writes: string[] = [];
    const noting = recording(store, (request) => {
      if (request.verb === 'patch') writes.push(showRequest(request));
    });
    const { status, stderr } = await runJob(jobs[job]!(), noting, {
      args: [...args, '--timeout=2s'],
    });
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain(`${show(ref)} lacks `);
    for (const name of [...Object.keys(data), ...wanted]) expect(stderr).toContain(name);
    expect(stderr).not.toMatch(/somebody|4428463716573842791/);
  });

  it.each([
    ['nothing', {}],
    ['an empty value', { 'tls.crt': text('') }],
    ['a note that a tool puts there', { __placeholder: text('keep this'), '.note': text('mine') }],
  ])('is not what a record with %s holds', async (_what, data) => {
    for (const [job, ref] of [
      ['createcerts', record.fulcioSecrets],
      ['createtree', record.rekorConfig],
    ] as const) {
      const store = await storeFor(job, ref, data);
      expect(await runJob(jobs[job]!(), store)).toMatchObject({ status: 0 });
    }
  });

  it('is not what a ConfigMap of other settings holds', async () => {
    const store = await storeFor('createtree', record.rekorConfig, holding('rekor-server.yaml'));
    expect(await runJob(jobs.createtree!(), store)).toMatchObject({ status: 0 });
  });

  it.each([
    ['createcerts', [], record.fulcioSecrets, record.fulcioPublicKey],
    ['createcertchain', [], record.tsaCertChain, undefined],
    ['createsecret', [], record.rekorSigningSecret, record.rekorPublicKey],
    ['createsecret', database, record.mysqlCredentials, undefined],
  ] as const)('is no matter to %s %j beside all that it reads', async (job, args, ref, shown) => {
    const store = memoryStore();
    for (const one of [ref, shown]) {
      const data = one && (await made.read(one))?.data;
      if (one) await store.write(one, { data: { ...data, 'ca.crt': text('of another tool') } });
    }
    expect(await runJob(jobs[job]!(), store, { args })).toMatchObject({ status: 0 });
  });

  it('is named where a part of what belongs together is lacking', async () => {
    const store = await storeFor('createcerts', record.fulcioSecrets, {
      ...holding('tls.key'),
      cert: (await made.read(record.fulcioSecrets))!.data.cert!,
    });
    const { status, stderr } = await runJob(jobs.createcerts!(), store);
    expect(status).toBe(78);
    expect(stderr).toContain('has cert but lacks private, password; it also has tls.key');
  });
});

describe('a tree’s ID with a line feed at its end', () => {
  it.each([
    ['createtree', [], record.rekorConfig],
    ['createctconfig', ctlog, record.ctlogConfig],
  ] as const)('ends %s with 65, which says so', async (job, args, ref) => {
    const store = await storeFor(job, ref, { treeID: text('4428463716573842791\n') });
    const { status, stderr } = await runJob(jobs[job]!(), store, { args });
    expect(status).toBe(65);
    expect(stderr).toMatch(/key treeID .*ends with a line feed/);
  });
});
