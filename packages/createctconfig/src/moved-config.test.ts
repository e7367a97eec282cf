import type { KeyObject } from 'node:crypto';
import { systemEntropy } from '@sigstand/pki/entropy';
import { fingerprint, publicKeyOf } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { describe, expect, it } from 'vitest';
import { newConfig, readConfig } from './ct-config.ts';
import { withFrozen, withKey, withNewLog } from './moved-config.ts';
import { signedHead } from './testing.ts';
import { isSignedBy } from './tree-head.ts';

const log = { treeId: '5', prefix: 'log', backend: 'log:80', mountPath: '/keys' };
const keys = ['one', 'two', 'three'].map(() => systemEntropy.privateKey('ecdsa-p256'));
const [first, second, third] = keys as [KeyObject, KeyObject, KeyObject];
const one = newConfig(log, { publicKey: publicKeyOf(first), password: 'first' });
const byHand = (config: Uint8Array, line: string) =>
  utf8(Buffer.from(config).toString().replace('    prefix:', `    ${line}\n    prefix:`));

const moved = (config: Uint8Array, [from, to]: [KeyObject, KeyObject], treeId: string) =>
  withNewLog(config, {
    ...{ publicKey: publicKeyOf(to), password: utf8('next'), treeId },
    ...{ present: publicKeyOf(from), oldKeyPath: `/keys/private-before-${treeId}` },
  });
const head = signedHead(first, { size: 7, timestamp: 1_700_000_000_000 });
const two = () => moved(one, [first, second], '6');
const closed = () => withFrozen(two(), '5', head);
const text = (config: Uint8Array) => Buffer.from(config).toString();

describe('a configuration of a log more', () => {
  it('has the new log where the present one was, and that under a path of its own', () => {
    const { old, publicKey, ...stored } = readConfig(two());
    expect(stored).toMatchObject({ treeId: '6', prefix: 'log', password: utf8('next') });
    expect(fingerprint(publicKey!)).toBe(fingerprint(publicKeyOf(second)));
    expect(old).toMatchObject([{ treeId: '5', prefix: 'log/old/5', frozen: undefined }]);
    expect(fingerprint(old[0]!.publicKey!)).toBe(fingerprint(publicKeyOf(first)));
    expect(text(two())).toContain('path: "/keys/private-before-6"');
    expect(text(two())).toContain('password: "first"');
  });

  it('keeps what people set, for both', () => {
    const changed = moved(byHand(one, 'max_merge_delay_sec: 7200'), [first, second], '6');
    expect(text(changed).match(/max_merge_delay_sec: 7200/g)).toHaveLength(2);
  });

  it('tells the public key of the log before also where it had none', () => {
    const without = utf8(text(one).replace(/public_key \{\n[^\n]*\n {4}\}/, ''));
    const { old, publicKey } = readConfig(moved(without, [first, second], '6'));
    expect(publicKey).toBeUndefined();
    expect(old[0]?.publicKey).toBeDefined();
  });

  it('has the head that the old one has for good, and its private key no longer', () => {
    const { old } = readConfig(closed());
    expect(old).toMatchObject([{ treeId: '5', frozen: { size: 7 } }]);
    expect(isSignedBy(old[0]!.frozen!, publicKeyOf(first))).toBe(true);
    expect(text(closed())).not.toContain('first');
    expect(text(closed()).match(/private_key/g)).toHaveLength(1);
    // Done again, it is the same.
    expect(withFrozen(closed(), '5', head)).toEqual(closed());
  });

  it('takes a second move, and another key', () => {
    const thrice = moved(closed(), [second, third], '8');
    expect(readConfig(thrice).old.map(({ prefix }) => prefix)).toEqual(['log/old/5', 'log/old/6']);
    const another = { publicKey: publicKeyOf(first), password: utf8('other') };
    // The log of before has that key.
    expect(() => withKey(thrice, another)).toThrow('two logs of one public_key');
    const fresh = publicKeyOf(systemEntropy.privateKey('ecdsa-p256'));
    const keyed = readConfig(withKey(thrice, { ...another, publicKey: fresh }));
    expect(keyed).toMatchObject({ treeId: '8', password: utf8('other') });
    expect(keyed.old).toHaveLength(2);
  });

  it.each([
    ['a head that another key signed', '5', signedHead(second, { size: 7, timestamp: 1 })],
    ['a head that was altered', '5', { ...head, size: 8 }],
    ['a root that is none', '5', { ...head, root: new Uint8Array(31) }],
    ['a tree that no log had', '9', head],
  ])('is not written for %s', (_what, tree, wrong) => {
    expect(() => withFrozen(two(), tree, wrong)).toThrow(/frozen_sth|log_id/);
  });
});

describe('readConfig', () => {
  const replaced = (config: Uint8Array, from: string | RegExp, to: string) => {
    const changed = text(config).replace(from, to);
    expect(changed).not.toBe(text(config));
    return utf8(changed);
  };

  it.each([
    ['two logs at one path', () => replaced(two(), 'log/old/5', 'log'), 'two logs of one prefix'],
    [
      'two logs of one tree',
      () => replaced(two(), 'log_id: 5', 'log_id: 6'),
      'two logs of one log_id',
    ],
    [
      'two that are written to',
      () => replaced(two(), 'is_readonly: true', ''),
      'more than one config',
    ],
    [
      'no log that is',
      () => byHand(two(), 'is_readonly: true'),
      'no config of a log that is written to',
    ],
    [
      'a mirror of another',
      () => replaced(closed(), /frozen_sth \{[\s\S]*?\n {4}\}/, ''),
      'without a frozen_sth',
    ],
    [
      'a head without a key',
      () => replaced(closed(), / {4}public_key \{\n[^\n]*\n {4}\}\n(?= {4}is_readonly)/, ''),
      'did not sign',
    ],
  ])('refuses %s', (_what, config, why) => {
    expect(() => readConfig(config())).toThrow(why);
  });

  it('refuses a frozen head of the log that is written to', () => {
    const frozen = text(closed()).match(/frozen_sth \{[\s\S]*?\n {4}\}/)?.[0] ?? '';
    expect(() => readConfig(byHand(one, frozen.replaceAll('\n', ' ')))).toThrow('is written to');
  });
});

describe('a tree head', () => {
  it.each([
    ['of another key', head, publicKeyOf(second)],
    ['with another size', { ...head, size: 8 }, publicKeyOf(first)],
    ['with another time', { ...head, timestamp: 1 }, publicKeyOf(first)],
    ['that is cut', { ...head, signature: head.signature.slice(0, -1) }, publicKeyOf(first)],
    ['without a signature', { ...head, signature: new Uint8Array(3) }, publicKeyOf(first)],
  ])('%s is not signed', (_what, one, key) => {
    expect(isSignedBy(one, key)).toBe(false);
  });

  it('of an RSA key is signed', () => {
    const key = systemEntropy.privateKey('rsa-4096');
    expect(isSignedBy(signedHead(key, { size: 1, timestamp: 1 }), publicKeyOf(key))).toBe(true);
  });
});
