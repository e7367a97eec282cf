import { systemEntropy } from '@sigstand/pki/entropy';
import { publicKeyOf } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { sealRfc1423 } from '@sigstand/pki/seal';
import { afterAll, expect, it } from 'vitest';
import { newConfig, readConfig } from '../../packages/createctconfig/src/ct-config.ts';
import { newLog } from '../../packages/createctconfig/src/ctlog-secret.ts';
import { rootsOf } from '../../packages/createctconfig/src/fulcio-root.ts';
import { withFrozen, withNewLog } from '../../packages/createctconfig/src/moved-config.ts';
import { ProtoTextError } from '../../packages/createctconfig/src/prototext.ts';
import { signedHead } from '../../packages/createctconfig/src/testing.ts';
import { mount, startReaders } from '../programs/readers.ts';
import { allConfigurations } from './readers/configurations.ts';
import { chains } from './samples.ts';

const readers = startReaders();
afterAll(() => readers.stop());

const { root } = await chains();
const log = { treeId: '6650004838055700742', prefix: 'log', backend: 'log:80', mountPath: mount };
const privateKey = systemEntropy.privateKey('ecdsa-p256');
const password = systemEntropy.password();
const wanted = {
  log,
  roots: { place: 'Secret a/b key cert', certificates: rootsOf(root) },
  now: new Date(),
};
const { data = {} } = newLog('Secret a/b', undefined, wanted, { privateKey, password });
const config = newConfig(log, { publicKey: publicKeyOf(privateKey), password });

/** What createctconfig says of a configuration; undefined where it takes it. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    readConfig(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof ProtoTextError) return error.message;
    throw error;
  }
}

it('createctconfig takes each configuration that ct_server takes, and no other', async () => {
  let taken = 0;
  for (const [number, change] of allConfigurations.entries()) {
    const changed = change(config);
    const ours = refusal(changed);
    const theirs = await readers.ask('ct_server', { ...data, config: changed });
    // Octal and hexadecimal numbers, which nobody writes here, are refused.
    const isStricter = /: 0x/.test(Buffer.from(changed).toString());
    expect({ number, ours, taken: ours === undefined }).toEqual({
      ...{ number, ours },
      taken: theirs.accepted && !isStricter,
    });
    taken += ours === undefined ? 1 : 0;
  }
  expect(taken).toBeGreaterThan(10);
  expect(allConfigurations.length - taken).toBeGreaterThan(30);
});

it('createctconfig takes each configuration of several logs that ct_server takes, and no other', async () => {
  const key = systemEntropy.privateKey('ecdsa-p256');
  const word = systemEntropy.password();
  const two = withNewLog(config, {
    ...{ publicKey: publicKeyOf(key), password: utf8(word), treeId: '8' },
    ...{ present: publicKeyOf(privateKey), oldKeyPath: `${mount}/private-before` },
  });
  const head = signedHead(privateKey, { size: 7, timestamp: 1_700_000_000_000 });
  const frozen = withFrozen(two, log.treeId, head);
  const files = {
    ...data,
    'private-before': data.private ?? utf8(''),
    private: sealRfc1423(key, word),
  };
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  const changed = (from: Uint8Array, what: string | RegExp, to: string) => {
    const made = text(from).replace(what, to);
    expect(made).not.toBe(text(from));
    return utf8(made);
  };
  const empty = withFrozen(two, log.treeId, signedHead(privateKey, { size: 0, timestamp: 1 }));
  const all: [config: Uint8Array, isTaken: boolean][] = [
    [two, true],
    [frozen, true],
    [empty, true],
    [changed(empty, 'tree_size: 0', ''), true],
    [changed(frozen, 'is_readonly: true', ''), true],
    [changed(two, `log/old/${log.treeId}`, 'log'), false],
    [changed(two, `log/old/${log.treeId}`, ''), false],
    [changed(two, `log_id: ${log.treeId}`, 'log_id: 8'), false],
    [changed(frozen, 'tree_size: 7', 'tree_size: 8'), false],
    [changed(frozen, 'tree_size: 7', 'tree_size: -7'), false],
    [changed(frozen, 'tree_size: 7', 'tree_size: [7]'), false],
    [changed(frozen, /sha256_root_hash: ".*"/, 'sha256_root_hash: "x"'), false],
    [changed(frozen, /sha256_root_hash: ".*"/, ''), false],
    [changed(frozen, /tree_head_signature: "/, 'tree_head_signature: "x'), false],
    [changed(frozen, / {4}public_key \{\n[^\n]*\n {4}\}\n(?= {4}is_readonly)/, ''), false],
  ];
  for (const [number, [one, isTaken]] of all.entries()) {
    const ours = refusal(one);
    const theirs = await readers.ask('ct_server', { ...files, config: one });
    expect({ number, theirs: theirs.accepted, why: theirs.why }).toMatchObject({
      ...{ number, theirs: isTaken },
    });
    expect({ number, ours }).toEqual({ number, ours: isTaken ? undefined : expect.any(String) });
  }
});
