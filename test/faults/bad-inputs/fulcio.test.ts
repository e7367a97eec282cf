import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ctlogConfig, ctlogSecrets } from '@sigstand/contracts/records';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { fromUtf8, utf8 } from '@sigstand/pki/pem';
import { afterEach, describe, expect, it } from 'vitest';
import { issue, now, plain, text } from './material.ts';
import { ca, other } from './places.ts';
import { expectRefused, type Trial, tried } from './refused.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serving(answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const asking = (url: string): Trial => ({
  job: createCtConfig,
  args: [`--fulcio-url=${url}`, '--fulcio-secret=none'],
  now,
  records: [[ctlogConfig, { treeID: utf8('5') }]],
});
const bundle = (...chains: Uint8Array[]) =>
  JSON.stringify({ chains: chains.map((chain) => ({ certificates: [fromUtf8(chain)] })) });

const stray = await issue('stray');
const leaf = await issue('leaf', { ca: false, issuer: ca });

describe('row 39: what answers in Fulcio’s place', () => {
  it.each([
    ['to itself, without end', (url: string) => `${url}/api/v2/trustBundle`],
    ['to another host', () => 'http://127.0.0.2:9/api/v2/trustBundle'],
    ['to a file', () => 'file:///etc/passwd'],
  ])('is not followed where it redirects %s', async (_what, location) => {
    const { url, asked } = await serving((request, response) => {
      response.writeHead(302, { location: location(`http://${request.headers.host}`) }).end();
    });
    await expectRefused(asking(url), {
      status: 65,
      says: [`${url}/api/v2/trustBundle`, 'it answers 302, a redirect', 'check --fulcio-url'],
    });
    expect(asked).toEqual(['/api/v2/trustBundle']);
  });

  it.each([
    ['plain text', 'It works! It works! It works!', 'is not Fulcio’s API'],
    ['a page', '<html><body>Please log in here</body></html>', 'is not Fulcio’s API'],
    ['nothing', '', 'is not Fulcio’s API'],
    ['other JSON', '{"chains":{"certificates":"x"}}', 'is not Fulcio’s API'],
    ['chains without certificates', '{"chains":[{"certificates":[]}]}', ' is empty'],
    ['JSON nested without end', '['.repeat(200_000), 'is not Fulcio’s API'],
    ['a private key', bundle(plain(stray.privateKey)), 'holds a private key'],
    [
      'a certificate with a private key behind it',
      bundle(new Uint8Array(Buffer.concat([text(ca), plain(stray.privateKey)]))),
      'holds a private key',
    ],
    ['a leaf', bundle(text(leaf)), 'not a CA'],
    ['more than anybody has', `{"chains":[${' '.repeat(300_000)}]}`, 'more than 262144 bytes'],
    [
      'another root than the Secret’s, as well as it',
      bundle(text(ca), utf8('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')),
      'cannot be read',
    ],
  ])('is refused where it answers 200 and %s', async (_what, body, why) => {
    const { url } = await serving((_request, response) => response.end(body));
    await expectRefused(asking(url), { status: 65, says: [url, why.replace('’', "'")] });
  });

  it('is taken with two roots, once each, in their order', async () => {
    const { url } = await serving((_request, response) =>
      response.end(bundle(text(ca), text(other), text(ca))),
    );
    const { status, store } = await tried(asking(url));
    expect(status).toBe(0);
    const { rootca } = (await store.read(ctlogSecrets))!.data;
    expect(Buffer.from(rootca!)).toEqual(Buffer.from(text(ca, other)));
  });
});

describe('rows 37 and 38: a CT log’s files that somebody else wrote', async () => {
  const made = await tried({
    ...asking('http://fulcio.test'),
    job: () => createCtConfig({ fulcio: { chains: async () => [text(ca)] } }),
  });
  const log = (await made.store.read(ctlogSecrets))!.data;
  const config = fromUtf8(log.config!);
  const password = /password: "([^"]*)"/.exec(config)?.[1] ?? '';
  const roots = (paths: string) => config.replace('roots_pem_file: "/ctfe-keys/rootca"', paths);
  const two = roots('roots_pem_file: "/ctfe-keys/fulcio-0" roots_pem_file: "/ctfe-keys/fulcio-1"');
  const stored = (data: Readonly<Record<string, Uint8Array>>): Trial => ({
    job: () => createCtConfig({ fulcio: { chains: async () => [text(ca)] } }),
    args: ['--fulcio-url=http://fulcio.test', '--fulcio-secret=none'],
    now,
    records: [
      [ctlogConfig, { treeID: utf8('5') }],
      [ctlogSecrets, { ...log, ...data }],
    ],
  });
  const place = 'Secret ctlog-system/ctlog-secrets key';

  it.each([
    [
      'a root that is no PEM',
      { config: utf8(two), 'fulcio-0': text(ca), 'fulcio-1': utf8('garbage garbage') },
      65,
      `${place} fulcio-1 is not PEM`,
    ],
    [
      'a private key among the roots',
      { config: utf8(two), 'fulcio-0': text(ca), 'fulcio-1': plain(ca.privateKey) },
      65,
      `${place} fulcio-1 holds a private key`,
    ],
    [
      'a gap in their numbers',
      { config: utf8(two), 'fulcio-0': text(ca), 'fulcio-2': text(ca) },
      78,
      `${place} config names a roots file that is not there`,
    ],
    [
      'two logs',
      { config: utf8(config.replace('log_configs {', 'log_configs { config { log_id: 7 }')) },
      65,
      `${place} config has more than one config`,
    ],
    ['no logs', { config: utf8('# later') }, 65, `${place} config has no log_configs`],
    [
      'no text',
      { config: Uint8Array.of(10, 0, 255) },
      65,
      `${place} config is not protobuf in text form: line`,
    ],
    [
      'a log of another tree',
      { config: utf8(config.replace('log_id: 5', 'log_id: 6')) },
      78,
      `${place} config is for the tree 6, not 5`,
    ],
    [
      'messages without end',
      { config: utf8('a{'.repeat(200_000)) },
      65,
      `${place} config is not protobuf`,
    ],
  ] as const)('are left as they are, with %s', (_what, data, status, why) =>
    expectRefused(stored(data), { status, says: [why], hidden: [password] }),
  );

  it('are kept byte for byte where they have duplicates, rare fields and comments', async () => {
    const data = {
      config: utf8(
        `# mine\n${two.replace('prefix:', 'max_merge_delay_sec: 86400 # a day\n prefix:')}`,
      ),
      'fulcio-0': text(ca),
      'fulcio-1': text(ca),
    };
    const { status, store, unchanged } = await tried(stored(data));
    expect([status, unchanged]).toEqual([0, true]);
    expect((await store.read(ctlogSecrets))!.data).toEqual({ ...log, ...data });
  });
});
