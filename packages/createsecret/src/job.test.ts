import { createPublicKey } from 'node:crypto';
import {
  mysqlCredentials,
  rekorMysqlCredentials,
  rekorPublicKey,
  rekorSigningSecret,
} from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { openPrivateKey } from '@sigstand/pki/open';
import { fromUtf8, utf8 } from '@sigstand/pki/pem';
import { openssl } from '@sigstand/pki/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import { secretIn } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { createSecret } from './job.ts';

describe('createsecret', () => {
  it('refuses one Secret for the private key and the public one', async () => {
    const store = memoryStore();
    const { status, stderr } = await runJob(createSecret(), store, {
      args: ['--secret=both', '--signing-secret=both'],
    });
    expect({ status, stderr }).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('both the private and the public'),
    });
    expect(await store.read(secretIn('rekor-system', 'both'))).toBeUndefined();
  });

  it('makes a sealed key, and publishes the public half of it', async () => {
    const store = memoryStore();
    expect(await runJob(createSecret(), store)).toMatchObject({ status: 0 });

    const { data } = (await store.read(rekorSigningSecret))!;
    const key = openPrivateKey(data['signing-secret']!, data['signing-secret-password']!);
    const published = (await store.read(rekorPublicKey))!.data.public!;
    expect(createPublicKey(Buffer.from(published)).equals(createPublicKey(key))).toBe(true);
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('dates the key in both records by when it was made, also where it was cut off in between', async () => {
    const store = memoryStore();
    const cut = {
      ...store,
      write: async (...args: Parameters<typeof store.write>) => {
        if (args[0].name === rekorPublicKey.name) throw new Error('killed');
        return store.write(...args);
      },
    };
    await runJob(createSecret(), cut, { now: () => new Date('2030-01-01T00:00:00.5Z') });
    await runJob(createSecret(), store, { now: () => new Date('2031-01-01T00:00:00Z') });
    for (const ref of [rekorSigningSecret, rekorPublicKey]) {
      expect((await store.read(ref))?.annotations).toEqual({
        'sigstand.dev/key-created': '2030-01-01T00:00:00Z',
      });
    }
  });

  it.each(['ecdsa-p384', 'ed25519'])('makes an %s key where asked to', async (type) => {
    const store = memoryStore();
    const { stderr } = await runJob(createSecret(), store, { args: [`--key-type=${type}`] });
    expect(stderr).toContain(`warning: cosign up to 3.1 takes no entry that an ${type} key`);
    const { data } = (await store.read(rekorPublicKey))!;
    const { asymmetricKeyType: kind } = createPublicKey(Buffer.from(data.public!));
    expect(kind).toBe(type === 'ed25519' ? 'ed25519' : 'ec');
  });

  it('only reads when it runs a second time', async () => {
    const store = memoryStore();
    await runJob(createSecret(), store);
    const requests: string[] = [];
    const noting = recording(store, (request) => requests.push(showRequest(request)));
    expect(await runJob(createSecret(), noting)).toMatchObject({ status: 0 });
    expect(requests).toEqual([
      'get Secret rekor-system/rekor-pub-key',
      'get Secret rekor-system/rekor-signing-secret',
    ]);
  });

  it('restores the public key from the signing key that survived a crash', async () => {
    const store = memoryStore();
    await runJob(createSecret(), store);
    const survived = memoryStore();
    await survived.write(rekorSigningSecret, (await store.read(rekorSigningSecret))!);
    expect(await runJob(createSecret(), survived)).toMatchObject({ status: 0 });
    expect((await survived.read(rekorPublicKey))!.data).toEqual(
      (await store.read(rekorPublicKey))!.data,
    );
  });

  it('makes no new key where a public one is in use and its private one is gone', async () => {
    const store = memoryStore();
    await runJob(createSecret(), store);
    const lost = memoryStore();
    await lost.write(rekorPublicKey, (await store.read(rekorPublicKey))!);
    const { status, stderr } = await runJob(createSecret(), lost);
    expect(status).toBe(78);
    expect(stderr).toContain('Secret rekor-system/rekor-pub-key is there');
    expect(await lost.read(rekorSigningSecret)).toBeUndefined();
  });

  it('names both keys by fingerprint where the public one belongs to another', async () => {
    const [store, other] = [memoryStore(), memoryStore()];
    await runJob(createSecret(), store);
    await runJob(createSecret(), other);
    const mixed = memoryStore();
    await mixed.write(rekorSigningSecret, (await store.read(rekorSigningSecret))!);
    await mixed.write(rekorPublicKey, (await other.read(rekorPublicKey))!);
    const { status, stderr, writes } = await runJob(createSecret(), mixed);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(/key public is [0-9a-f]{64}, but .* gives [0-9a-f]{64}/);
  });

  it.each([
    ['garbage', { 'signing-secret': utf8('hello'), 'signing-secret-password': utf8('x') }, 65],
    ['half of it', { 'signing-secret': utf8('hello') }, 78],
  ])('touches nothing where the Secret holds %s', async (_what, data, expected) => {
    const store = memoryStore();
    await store.write(rekorSigningSecret, { data });
    const { status, stderr } = await runJob(createSecret(), store);
    expect(status).toBe(expected);
    expect(stderr).toContain('Secret rekor-system/rekor-signing-secret');
    expect(stderr).not.toContain('hello');
    expect(await store.read(rekorPublicKey)).toBeUndefined();
  });

  it('copies database credentials without root’s password', async () => {
    const store = memoryStore();
    const args = [
      '--namespace=trillian-system',
      '--password-secret=trillian-mysql',
      '--copy-to=rekor-system',
    ];
    expect(await runJob(createSecret(), store, { args })).toMatchObject({ status: 0 });
    const copy = (await store.read(rekorMysqlCredentials))!.data;
    expect(Object.keys(copy).sort()).toEqual(['database', 'password', 'user']);
    const { 'root-password': _root, ...others } = (await store.read(mysqlCredentials))!.data;
    expect(copy).toEqual(others);
  });

  it('makes two passwords for a database, that nobody guesses and no two databases share', async () => {
    const args = ['--namespace=trillian-system', '--password-secret=trillian-mysql'];
    const passwords = await Promise.all(
      [memoryStore(), memoryStore()].map(async (store) => {
        await runJob(createSecret(), store, { args });
        const { data } = (await store.read(mysqlCredentials))!;
        return [data.password!, data['root-password']!].map(fromUtf8);
      }),
    );
    expect(passwords.flat().every((one) => /^[A-Za-z0-9_-]{43}$/.test(one))).toBe(true);
    expect(new Set(passwords.flat()).size).toBe(4);
  });

  it('names a copy of credentials that has another password', async () => {
    const store = memoryStore();
    const args = [
      '--namespace=trillian-system',
      '--password-secret=trillian-mysql',
      '--copy-to=rekor-system',
    ];
    await runJob(createSecret(), store, { args });
    const data = { password: utf8('another') };
    await store.write(rekorMysqlCredentials, { data }, await store.read(rekorMysqlCredentials));
    const { status, stderr, writes } = await runJob(createSecret(), store, { args });
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain('rekor-system/trillian-mysql has another password than the Secret');
    expect(stderr).not.toContain('another"');
  });

  it('takes no flag of the one task for the other', async () => {
    const args = ['--password-secret=trillian-mysql', '--key-type=ed25519'];
    const { status, stderr, writes } = await runJob(createSecret(), memoryStore(), { args });
    expect({ status, writes }).toEqual({ status: 64, writes: [] });
    expect(stderr).toContain('--key-type');
  });

  it('keeps no key by which no client verifies', async () => {
    const weak = openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024']);
    const store = memoryStore();
    const data = { 'signing-secret': new Uint8Array(weak), 'signing-secret-password': utf8('x') };
    await store.write(rekorSigningSecret, { data });
    const { status, stderr, writes } = await runJob(createSecret(), store);
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain('key signing-secret is a key of a kind or length');
  });

  it('refuses a password on the command line without repeating it', async () => {
    const { status, stderr, writes } = await runJob(createSecret(), memoryStore(), {
      args: ['--signing-secret-pwd=hunter2'],
    });
    expect({ status, writes }).toEqual({ status: 64, writes: [] });
    expect(stderr).toContain('--signing-secret-pwd is not taken: the password is random');
    expect(stderr).not.toContain('hunter2');
  });
});
