import { createPublicKey } from 'node:crypto';
import type { Contract } from '@sigstand/contracts/contract';
import {
  ctlogConfig,
  fulcioSecrets,
  rekorSigningSecret,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { openssl } from '@sigstand/pki/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import { type Data, type Store, secretIn } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { jobs } from './jobs.ts';

const text = (value: string) => new Uint8Array(Buffer.from(value));

/** Where each Job keeps a sealed key, and its password. */
const places: readonly [job: string, record: Contract, key: string, password: string][] = [
  ['createcerts', fulcioSecrets, 'private', 'password'],
  ['createcertchain', tsaCertChain, 'signing-secret', 'signing-secret-password'],
  ['createsecret', rekorSigningSecret, 'signing-secret', 'signing-secret-password'],
];

/** What a Job made, with the key as openssl writes it without a password. */
async function unsealed(
  job: string,
  record: Contract,
  key: string,
  password: string,
): Promise<Data> {
  const store = memoryStore();
  await runJob(jobs[job]!(), store);
  const { [password]: secret, ...data } = (await store.read(record))!.data;
  const passin = `pass:${Buffer.from(secret!).toString()}`;
  return { ...data, [key]: new Uint8Array(openssl(['pkey', '-passin', passin], data[key])) };
}

async function run(job: string, store: Store, ...args: string[]) {
  const writes: string[] = [];
  const noting = recording(store, (request) => {
    if (request.verb === 'patch') writes.push(showRequest(request).replace('patch ', ''));
  });
  return { ...(await runJob(jobs[job]!(), noting, { args })), writes };
}

describe.each(places)('a key for %s in %o', (job, record, key, password) => {
  it('needs no password where it is not sealed, and gets what Pods take for one', async () => {
    const data = await unsealed(job, record, key, password);
    for (const given of [data, { ...data, [password]: text('') }]) {
      const store = memoryStore();
      await store.write(record, { data: given });
      expect(await run(job, store)).toMatchObject({ status: 0 });
      const { [password]: added, ...kept } = (await store.read(record))!.data;
      expect(kept).toEqual(data);
      // Fulcio takes an empty one for none.
      expect(Buffer.from(added!).toString()).toBe('the key is not sealed');
      expect(await run(job, store)).toMatchObject({ status: 0, writes: [] });
    }
  });

  it('that is sealed needs its password, and nothing is written without', async () => {
    const store = memoryStore();
    await runJob(jobs[job]!(), store);
    const { [password]: _, ...data } = (await store.read(record))!.data;
    const without = memoryStore();
    await without.write(record, { data });
    const { status, stderr, writes } = await run(job, without);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain(`lacks ${password}`);
  });

  it.each(['\n', '\r\n'])('is told to have a password with %j at its end', async (end) => {
    const store = memoryStore();
    await runJob(jobs[job]!(), store);
    const { data } = (await store.read(record))!;
    const secret = Buffer.from(data[password]!).toString();
    const other = memoryStore();
    await other.write(record, { data: { ...data, [password]: text(secret + end) } });
    const { status, stderr, writes } = await run(job, other);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain(
      `key ${key} is a private key that its password would open without the line feed`,
    );
    expect(stderr).toContain('printf adds none');
    expect(stderr).not.toContain(secret);
  });
});

describe('a CT log’s key that is not sealed', () => {
  const ec = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  const published = async (store: Store) =>
    createPublicKey(
      Buffer.from((await store.read(secretIn('ctlog-system', 'ctlog-public-key')))!.data.public!),
    );

  it.each([
    ['--private-secret', 'own-key', ['--private-secret=own-key']],
    ['the reservation', 'ctlog-key', []],
  ] as const)('is taken from %s without a password', async (_from, name, args) => {
    const store = memoryStore();
    await runJob(jobs.createcerts!(), store);
    await store.write(ctlogConfig, { data: { treeID: text('4428463716573842791') } });
    await store.write(secretIn('ctlog-system', name), { data: { private: new Uint8Array(ec) } });
    const ended = await run('createctconfig', store, '--namespace=ctlog-system', ...args);
    expect(ended).toMatchObject({ status: 0 });
    expect((await published(store)).equals(createPublicKey(ec))).toBe(true);
  });
});
