import { ctlogConfig, ctlogSecrets } from '@sigstand/contracts/records';
import { frozenNote, nextTree, readFrozen } from '@sigstand/contracts/shards';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { withFrozen, withNewLog } from '@sigstand/createctconfig/moved-config';
import { isSignedBy } from '@sigstand/createctconfig/tree-head';
import { createTree } from '@sigstand/createtree/job';
import { runJob } from '@sigstand/job/testing';
import { systemEntropy } from '@sigstand/pki/entropy';
import { publicKeyOf, publicPem } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { sealRfc1423 } from '@sigstand/pki/seal';
import type { Foreign } from '@sigstand/pki/testing';
import { expect, it } from 'vitest';
import { leafHash, rootOfInclusion } from '../../packages/sigstand/src/merkle.ts';
import { readSth } from '../../packages/sigstand/src/status/judge-ctlog.ts';
import { addChain, answerOf, ctLogOn, ctlogTree, newRoot, signedBy } from './ct-log.ts';
import { onTrillian } from './on-trillian.ts';

const here = onTrillian('ctmoved');
const { mount, publishRoot, plantTree, configure, serve, publishedKey } = ctLogOn(here);

const headOf = async (log: string) =>
  readSth(Buffer.from(await (await fetch(`${log}/get-sth`)).arrayBuffer()));

async function grown(log: string, size: number) {
  for (;;) {
    const head = await headOf(log);
    if (head.size >= size) return head;
  }
}

/** Every entry of a log, each proved in its head. */
async function entriesOf(log: string): Promise<string[]> {
  const { size, root } = await headOf(log);
  const range = `${log}/get-entries?start=0&end=${size - 1}`;
  const { entries } = await answerOf<{ entries: { leaf_input: string }[] }>(fetch(range));
  expect(entries).toHaveLength(size);
  for (const [index, { leaf_input }] of entries.entries()) {
    const leaf = leafHash(Buffer.from(leaf_input, 'base64'));
    const query = new URLSearchParams({ hash: leaf.toString('base64'), tree_size: String(size) });
    const proof = await answerOf<{ leaf_index: number; audit_path: string[] }>(
      fetch(`${log}/get-proof-by-hash?${query}`),
    );
    const path = (proof.audit_path ?? []).map((one) => Buffer.from(one, 'base64'));
    expect(proof.leaf_index).toBe(index);
    expect(rootOfInclusion(leaf, { index, size }, path)).toEqual(root);
  }
  return entries.map(({ leaf_input }) => leaf_input);
}

it('ct_server serves a log of before, to its last entry, and writes to the new one', async () => {
  const record = async () => (await here.store.read(ctlogConfig))!;
  const valueIn = async (key: string) => Buffer.from((await record()).data[key] ?? []).toString();
  const tree = async (...args: string[]) => {
    const all = [`--admin-server=${here.trillian.address}`, ...ctlogTree, ...args];
    expect(await runJob(createTree(), here.store, { args: all })).toMatchObject({ status: 0 });
  };
  const replace = async (change: Record<string, Uint8Array>, ...remove: string[]) => {
    const current = await here.store.read(ctlogSecrets);
    await here.store.write(ctlogSecrets, { data: change, remove }, current);
  };
  const root = newRoot('root');
  const add = async (log: string, leaf: Foreign) => (await addChain(log, leaf, root)).status;

  await publishRoot(root);
  await plantTree();
  await configure();
  const first = await serve();
  for (const number of [1, 2, 3]) {
    expect({ number, status: await add(first, signedBy(root, 'codeSigning')) }).toEqual({
      ...{ number, status: 200 },
    });
  }
  await grown(first, 3);
  const before = await entriesOf(first);
  const oldTree = await valueIn('treeID');
  const oldKey = await publishedKey();

  await tree('--next', '--display-name=moved');
  const newTree = await valueIn(nextTree);
  const stored = (await here.store.read(ctlogSecrets))!.data;
  const key = systemEntropy.privateKey('ecdsa-p256');
  const word = systemEntropy.password();
  await replace({
    private: sealRfc1423(key, word),
    public: publicPem(publicKeyOf(key)),
    'private-before': stored.private!,
    config: withNewLog(stored.config!, {
      ...{ publicKey: publicKeyOf(key), password: utf8(word), treeId: newTree },
      ...{ present: oldKey, oldKeyPath: `${mount()}/private-before` },
    }),
  });
  await here.server?.stop();
  const second = await serve();
  const old = second.replace('/ct/v1', `/old/${oldTree}/ct/v1`);
  expect(isSignedBy(await headOf(old), oldKey)).toBe(true);
  expect(isSignedBy(await headOf(second), publicKeyOf(key))).toBe(true);
  const leaf = signedBy(root, 'codeSigning');
  expect([await add(old, leaf), await add(second, leaf)]).toEqual([404, 200]);
  expect(await entriesOf(old)).toEqual(before);

  await tree('--freeze');
  expect(readFrozen((await record()).annotations[frozenNote])).toEqual({
    ...{ tree: oldTree, length: 3 },
  });
  const { config } = (await here.store.read(ctlogSecrets))!.data;
  const head = await headOf(old);
  await replace({ config: withFrozen(config!, oldTree, head) }, 'private-before');
  await here.server?.stop();
  const third = await serve();
  const frozen = third.replace('/ct/v1', `/old/${oldTree}/ct/v1`);
  expect(await headOf(frozen)).toEqual(head);
  expect(await entriesOf(frozen)).toEqual(before);
  expect([await add(frozen, leaf), await add(third, leaf)]).toEqual([404, 200]);
  await grown(third, 1);
  expect(await entriesOf(third)).toHaveLength(1);
  expect(readConfig((await here.store.read(ctlogSecrets))!.data.config!).old).toMatchObject([
    { treeId: oldTree, frozen: { size: 3 } },
  ]);
});
