import { newConfig } from '@sigstand/createctconfig/ct-config';
import { withNewLog } from '@sigstand/createctconfig/moved-config';
import { systemEntropy } from '@sigstand/pki/entropy';
import { publicKeyOf } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { expect, it } from 'vitest';
import { keyName } from '../status/trust.ts';
import type { Contents } from './contents.ts';
import { seenLogs } from './lost.ts';

const [first, second, third] = ['one', 'two', 'three'].map(() =>
  publicKeyOf(systemEntropy.privateKey('ecdsa-p256')),
) as [Key, Key, Key];
type Key = ReturnType<typeof publicKeyOf>;

/** A backup of a stack whose CT log moved from tree 5 to tree 6. */
const moved = (() => {
  const log = { treeId: '5', prefix: 'log', backend: 'log:80', mountPath: '/keys' };
  const config = withNewLog(newConfig(log, { publicKey: first, password: 'first' }), {
    ...{ publicKey: second, password: utf8('next'), treeId: '6' },
    ...{ present: first, oldKeyPath: '/keys/private-before-6' },
  });
  const data = { config: Buffer.from(config).toString('base64') };
  return {
    manifest: { stack: { ctlogTree: '6' } },
    objects: [{ kind: 'Secret', metadata: { name: 'ctlog-secrets' }, data }],
  } as unknown as Contents;
})();

const root = 'ab'.repeat(32);
const seen = (key: Key) => ({ key: keyName(key), size: 3, root });
const treesOf = (logs: object) => seenLogs({ logs } as never, moved).map(({ tree }) => tree);

it('a CT log that was seen has the tree of its key', () => {
  expect(treesOf({ 'http://ct': seen(first) })).toEqual(['5']);
  expect(treesOf({ 'http://ct': seen(second) })).toEqual(['6']);
});

it('a CT log that was seen after a move that the backup does not know has no tree in it', () => {
  const before = { ...seen(second), tree: '6' };
  const logs = { 'http://ct': { ...seen(third), before: [before] } };
  expect(treesOf(logs)).toEqual(['0', '6']);
});

it('a log that names its tree has that one', () => {
  expect(treesOf({ 'http://rekor': { tree: '9', size: 1, root } })).toEqual(['9']);
});
