import {
  ctlogConfig,
  ctlogSecrets,
  fulcioPublicKey,
  fulcioSecrets,
  mysqlCredentials,
  rekorMysqlCredentials,
  rekorSigningSecret,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { createCertChain } from '@sigstand/createcertchain/job';
import { createCerts } from '@sigstand/createcerts/job';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { createSecret } from '@sigstand/createsecret/job';
import type { Job } from '@sigstand/job/main';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import type { Ref, Store } from '@sigstand/store/store';
import { describe, expect, it, vi } from 'vitest';

// Each run opens sealed keys, which is made to be slow.
vi.setConfig({ testTimeout: 60_000 });

const database = ['--namespace=trillian-system', '--password-secret=trillian-mysql'];

/** The Jobs that make keys and passwords, and the Secrets that must not change any more. */
const makers: readonly [string, () => Job, string[], readonly Ref[]][] = [
  ['createsecret', createSecret, [], [rekorSigningSecret]],
  [
    'createsecret --password-secret',
    createSecret,
    [...database, '--copy-to=rekor-system'],
    [mysqlCredentials, rekorMysqlCredentials],
  ],
  ['createcerts', createCerts, [], [fulcioSecrets]],
  ['createcertchain', createCertChain, [], [tsaCertChain]],
];

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** Runs a Job and notes which writes it asks for. */
async function run(job: Job, store: Store, args: readonly string[]) {
  const writes: string[] = [];
  const noting = recording(store, (request) => {
    if (request.verb === 'patch') writes.push(showRequest(request).replace('patch ', ''));
  });
  return { ...(await runJob(job, noting, { args })), writes };
}

const all = (store: Store, refs: readonly Ref[]) => Promise.all(refs.map((ref) => store.read(ref)));
const name = ({ kind, namespace, name }: Ref) => `${kind} ${namespace}/${name}`;

describe.each(makers)('%s --immutable', (_name, job, args, refs) => {
  const asked = [...args, '--immutable'];

  it('makes each key Secret immutable with the write that makes it', async () => {
    const store = memoryStore();
    const { status, writes } = await run(job(), store, asked);
    expect(status).toBe(0);
    expect((await all(store, refs)).map((one) => one?.immutable)).toEqual(refs.map(() => true));
    expect(writes.toSorted()).toEqual([...new Set(writes)].toSorted());
  });

  it('makes what is there immutable and changes nothing else, and a second time writes nothing', async () => {
    const store = memoryStore();
    await run(job(), store, args);
    const before = await all(store, refs);
    expect(before.map((one) => one?.immutable)).toEqual(refs.map(() => false));

    const { status, writes } = await run(job(), store, asked);
    expect({ status, writes }).toEqual({ status: 0, writes: refs.map(name) });
    const after = await all(store, refs);
    expect(after.map((one) => one?.data)).toEqual(before.map((one) => one?.data));
    expect(after.map((one) => one?.immutable)).toEqual(refs.map(() => true));

    for (const flags of [asked, args]) {
      expect(await run(job(), store, flags)).toMatchObject({ status: 0, writes: [] });
    }
  });

  it('leaves a Secret mutable that is not whole', async () => {
    const store = memoryStore();
    await run(job(), store, args);
    const [ref] = refs;
    const broken = memoryStore();
    const { data } = (await store.read(ref!))!;
    const lost = Object.keys(data).find((key) => /password/.test(key)) ?? '';
    await broken.write(ref!, { data: { ...data, [lost]: new Uint8Array() } });
    expect(await run(job(), broken, asked)).toMatchObject({
      status: 78,
      stderr: expect.stringContaining(`lacks ${lost}`),
      writes: [],
    });
    expect((await broken.read(ref!))?.immutable).toBe(false);
  });

  it('says what to do where an immutable Secret lacks something', async () => {
    const store = memoryStore();
    await store.write(refs[0]!, { data: {}, immutable: true });
    const { status, stderr, writes } = await run(job(), store, args);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(/Secret [a-z-]+\/[a-z-]+ is immutable, but .* would have to change; /);
    const { namespace, name } = refs[0]!;
    expect(stderr).toContain(`keep all of it: kubectl get secret -n ${namespace} ${name} -o yaml`);
    expect(stderr).not.toMatch(/delete/);
  });
});

describe('a Secret that is immutable by other hands', () => {
  it('gets no public key from createcerts, which says so', async () => {
    const store = memoryStore();
    await run(createCerts(), store, []);
    const { data } = (await store.read(fulcioSecrets))!;
    const { public: _left, ...rest } = data;
    const brought = memoryStore();
    await brought.write(fulcioSecrets, { data: rest, immutable: true });
    const { status, stderr, writes } = await run(createCerts(), brought, []);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain('fulcio-secrets is immutable, but public would have to change');
  });

  it('does not stop createctconfig until Fulcio has another root', async () => {
    const store = memoryStore();
    await run(createCerts(), store, []);
    await store.write(ctlogConfig, { data: { treeID: bytes('42') } });
    await run(createCtConfig(), store, []);
    await store.write(ctlogSecrets, { immutable: true }, await store.read(ctlogSecrets));
    expect(await run(createCtConfig(), store, [])).toMatchObject({ status: 0, writes: [] });

    const other = memoryStore();
    await run(createCerts(), other, []);
    const { data } = (await other.read(fulcioPublicKey))!;
    await store.write(fulcioPublicKey, { data }, await store.read(fulcioPublicKey));
    const { status, stderr, writes } = await run(createCtConfig(), store, []);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain('ctlog-secrets is immutable, but rootca would have to change');
  });

  it('is checked before it is made so: a chain that is not the key’s stays a contradiction', async () => {
    const [store, other] = [memoryStore(), memoryStore()];
    await run(createCertChain(), store, []);
    await run(createCertChain(), other, []);
    const { data } = (await store.read(tsaCertChain))!;
    const chain = (await other.read(tsaCertChain))!.data['cert-chain']!;
    const mixed = memoryStore();
    await mixed.write(tsaCertChain, { data: { ...data, 'cert-chain': chain } });
    const { status, stderr, writes } = await run(createCertChain(), mixed, ['--immutable']);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(/cert-chain is for the key [0-9a-f]{64}, but the private key is /);
    expect((await mixed.read(tsaCertChain))?.immutable).toBe(false);
  });

  it('is checked before it is made so: another’s public key stays a contradiction', async () => {
    const [store, other] = [memoryStore(), memoryStore()];
    await run(createCerts(), store, []);
    await run(createCerts(), other, []);
    const mixed = memoryStore();
    await mixed.write(fulcioSecrets, (await store.read(fulcioSecrets))!);
    await mixed.write(fulcioPublicKey, (await other.read(fulcioPublicKey))!);
    const { status, stderr, writes } = await run(createCerts(), mixed, ['--immutable']);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(/fulcio-pub-key key cert is \S+, but Secret .* gives /);
  });
});
