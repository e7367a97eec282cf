import { systemEntropy } from '@sigstand/pki/entropy';
import { publicKeyOf } from '@sigstand/pki/keys';
import { afterAll, expect, it } from 'vitest';
import { newConfig, readConfig } from '../../packages/createctconfig/src/ct-config.ts';
import { newLog } from '../../packages/createctconfig/src/ctlog-secret.ts';
import { rootsOf } from '../../packages/createctconfig/src/fulcio-root.ts';
import { ProtoTextError } from '../../packages/createctconfig/src/prototext.ts';
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
