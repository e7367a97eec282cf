import { memoryStore } from '@sigstand/store/memory';
import { type Data, type Ref, type Store, secretIn } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { newKeyNote, refuseSecondKey, trustedIn } from './trusted.ts';

const secret = secretIn('tsa-system', 'tsa-cert-chain');
const copy = secretIn('tuf-system', 'tsa-cert-chain');
const repository: Ref = { kind: 'ConfigMap', namespace: 'tuf-system', name: 'tuf-repository' };
const bytes = new Uint8Array([1]);
const trusted = trustedIn('tuf-system', {
  copy,
  repository,
  target: 'tsa_leaf.crt.pem',
});
const ask = (store: Store, seen = undefined) => refuseSecondKey(store, { secret, seen }, trusted);
const file = (name: string) => `${'0'.repeat(64)}.${name}`;

async function holding(copied: Data, files: Data = {}): Promise<Store> {
  const store = memoryStore();
  await store.write(copy, { data: copied });
  await store.write(repository, { data: files });
  return store;
}

describe('a key is not made', () => {
  it.each<[string, Data, Data, string]>([
    ['its copy is there', { 'cert-chain': bytes }, {}, 'Secret tuf-system/tsa-cert-chain'],
    [
      'its copy is there in parts',
      { 'tsa_root.crt.pem': bytes },
      {},
      'Secret tuf-system/tsa-cert-chain',
    ],
    [
      'clients get it',
      {},
      { [file('tsa_leaf.crt.pem')]: bytes },
      'ConfigMap tuf-system/tuf-repository',
    ],
  ])('where %s', async (_how, copy, files, place) => {
    await expect(ask(await holding(copy, files))).rejects.toThrow(
      `Secret tsa-system/tsa-cert-chain has no key, but clients trust one already: ${place} has`,
    );
  });
});

describe('a key may be made', () => {
  it.each<[string, Data, Data]>([
    ['the copy is empty', { 'cert-chain': new Uint8Array() }, {}],
    ['clients get those of other services', {}, { [file('rekor.pub')]: bytes }],
    ['a file has an end like it', {}, { [file('my.tsa_leaf.crt.pem')]: bytes }],
  ])('where %s', async (_how, copy, files) => {
    await expect(ask(await holding(copy, files))).resolves.toBeUndefined();
  });

  it('where the note on the copy says so', async () => {
    const store = await holding({ 'cert-chain': bytes }, { [file('tsa_leaf.crt.pem')]: bytes });
    await store.write(copy, { annotations: { [newKeyNote]: 'yes' } }, await store.read(copy));
    await expect(ask(store)).resolves.toBeUndefined();
  });

  it('where nobody is asked, for --tuf-namespace=none', () => {
    expect(trustedIn('none', { copy, repository, target: 'x' })).toBeUndefined();
  });

  it('behind a prefix, where copies have names of their own', () => {
    const place = { namespace: 'sigstore' };
    expect(trustedIn('sigstore/trusted-', { copy, repository, target: 'x' })).toEqual({
      copy: { ...copy, ...place, name: 'trusted-tsa-cert-chain' },
      repository: { ...repository, ...place },
      target: 'x',
    });
  });

  it('as far as this goes, where a parallel run has made it since', async () => {
    const store = await holding({ 'cert-chain': bytes });
    await store.write(secret, { data: { 'cert-chain': bytes } });
    await expect(ask(store)).resolves.toBeUndefined();
  });
});
