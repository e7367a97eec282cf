import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { ctlogConfig, ctlogSecrets, fulcioPublicKey } from '@sigstand/contracts/records';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { runJob } from '@sigstand/job/testing';
import { systemEntropy } from '@sigstand/pki/entropy';
import { utf8 } from '@sigstand/pki/pem';
import { memoryStore } from '@sigstand/store/memory';
import fc from 'fast-check';
import { afterAll, describe } from 'vitest';
import { readConfig, treeIdOf } from '../../packages/createctconfig/src/ct-config.ts';
import {
  holdsLog,
  lackingInLog,
  newLog,
  publicKeyOfLog,
} from '../../packages/createctconfig/src/ctlog-secret.ts';
import { overHttp } from '../../packages/createctconfig/src/fulcio.ts';
import { rootsOf } from '../../packages/createctconfig/src/fulcio-root.ts';
import { parseText, writeText } from '../../packages/createctconfig/src/prototext.ts';
import { intentOf, recordedId } from '../../packages/createtree/src/tree.ts';
import { ended, survives, tellExecutions } from './executions.ts';
import { octets, pemTexts } from './mutations.ts';
import { chains, plainKeys, sealedKeys } from './samples.ts';
import { Secrets } from './secrets.ts';
import { jsonTexts, wordTexts } from './texts.ts';

tellExecutions();
const { root, issuing } = await chains();
const treeId = '6650004838055700742';
const treePlace = 'ConfigMap ctlog-system/ctlog-config';
const log = { treeId, treePlace, prefix: 'log', backend: 'log-server.svc:80', mountPath: '/keys' };
const roots = { place: 'Secret a/b key cert', certificates: rootsOf(root) };
const wanted = { log, roots, now: new Date() };
const word = systemEntropy.password();
const privateKey = systemEntropy.privateKey('ecdsa-p256');
const stored = newLog('Secret a/b', undefined, wanted, { privateKey, password: word }).data!;
const config = stored.config!;
const byHand = utf8(
  `# mine\n${Buffer.from(config).toString().replaceAll('\n', ' ').replace('"log"', `'l' "og" max_merge_delay_sec: 86400`)}`,
);
const secrets = new Secrets(word, stored.private!);

describe('whatever stands in the CT log’s Secret,', () => {
  survives(
    'protobuf text is read or refused, and what is read can be written',
    { share: 60, secrets },
    wordTexts([config, byHand]),
    (bytes) => parseText(utf8(writeText(parseText(bytes)))),
  );

  survives(
    'a configuration is read or refused',
    { share: 20, secrets },
    wordTexts([config, byHand]),
    readConfig,
  );

  const mutant = fc.record({
    config: fc.oneof(fc.constant(config), wordTexts([config, byHand])),
    private: fc.oneof(fc.constant(stored.private!), pemTexts([stored.private!, ...sealedKeys])),
    public: fc.oneof(fc.constant(stored.public!), pemTexts([stored.public!, ...plainKeys])),
    rootca: fc.oneof(fc.constant(stored.rootca!), pemTexts([root, issuing])),
  });
  survives('the log is read or refused', { share: 6, secrets }, mutant, (data) => {
    holdsLog('Secret a/b', data);
    publicKeyOfLog('Secret a/b', data, log);
    lackingInLog('Secret a/b', data, wanted);
  });

  survives('the Job keeps it or changes nothing', { share: 0.5, secrets }, mutant, async (data) => {
    const store = memoryStore();
    await store.write(ctlogConfig, { data: { treeID: utf8(treeId) } });
    await store.write(fulcioPublicKey, { data: { cert: root } });
    await store.write(ctlogSecrets, { data });
    const before = await store.read(ctlogSecrets);
    const args = ['--log-prefix=log', '--trillian-server=log-server.svc:80', '--mount-path=/keys'];
    const { status, stderr } = await runJob(createCtConfig(), store, { args });
    const after = await store.read(ctlogSecrets);
    if (status !== 0 && after?.version !== before?.version) throw new Error('it was changed');
    return ended({ status, stderr });
  });
});

describe('whatever is given for Fulcio’s root,', () => {
  survives('it is read or refused', { share: 10 }, pemTexts([root, issuing]), rootsOf);

  const body = utf8(
    JSON.stringify({
      chains: [{ certificates: [...Buffer.from(issuing).toString().split('\n\n')] }],
    }),
  );
  let answer: Uint8Array = body;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  });
  server.listen(0, '127.0.0.1');
  afterAll(() => void server.close());
  const head = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n';
  const whole = (text: Uint8Array) =>
    new Uint8Array(Buffer.concat([utf8(`${head}content-length: ${text.length}\r\n\r\n`), text]));
  const redirect = utf8(
    'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n',
  );
  const answers = fc.oneof(
    jsonTexts([body]).map(whole),
    octets([whole(body), redirect]),
    pemTexts([issuing]).map((chain) =>
      whole(utf8(JSON.stringify({ chains: [{ certificates: [Buffer.from(chain).toString()] }] }))),
    ),
  );
  survives(
    'an HTTP answer is taken, waited out or refused',
    { share: 1 },
    answers,
    async (bytes) => {
      answer = bytes;
      const { port } = server.address() as AddressInfo;
      const given = await overHttp.chains(`http://127.0.0.1:${port}`, AbortSignal.timeout(20_000));
      if (!('notYet' in given)) given.flatMap(rootsOf);
    },
  );
});

describe('whatever a ConfigMap says of a tree,', () => {
  const ids = octets([utf8(treeId), utf8('0'), utf8('-5'), utf8('9223372036854775808')]);
  survives('its ID is read or refused', { share: 20 }, ids, (bytes) => {
    treeIdOf('ConfigMap a/b key treeID', bytes);
    recordedId('ConfigMap a/b', { treeID: bytes });
  });

  const notes = octets([utf8('0123456789abcdef replaces 5'), utf8('0123456789abcdef')]);
  survives('its intent is read or none', { share: 20 }, notes, (bytes) => {
    const annotations = { 'sigstand.dev/tree-intent': Buffer.from(bytes).toString() };
    intentOf({ data: {}, annotations, version: '1', immutable: false });
  });
});
