import { createPublicKey } from 'node:crypto';
import {
  ctlogConfig,
  ctlogPublicKey,
  ctlogSecrets,
  fulcioPublicKey,
} from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { fingerprint, publicKeyOf } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { opensslCertificate } from '@sigstand/pki/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import { describe, expect, it } from 'vitest';
import { readConfig } from './ct-config.ts';
import { createCtConfig } from './job.ts';
import {
  concat,
  inputs,
  intermediate,
  leaf,
  made,
  newRoot,
  old,
  oldRoot,
  read,
  rootsIn,
  run,
  text,
  treeID,
} from './testing.ts';

const barred = new Uint8Array(
  opensslCertificate({
    subject: '/CN=barred',
    extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,cRLSign'],
  }).certificate,
);

describe('createctconfig', () => {
  it('publishes the key, and then makes key, configuration and roots in one write', async () => {
    const store = await inputs();
    const requests: string[] = [];
    const noting = recording(store, (request) => requests.push(showRequest(request)));
    expect(await run(noting)).toMatchObject({ status: 0 });
    expect(requests.filter((request) => request.startsWith('patch'))).toEqual([
      'patch Secret ctlog-system/ctlog-key',
      'patch Secret ctlog-system/ctlog-public-key',
      'patch Secret ctlog-system/ctlog-secrets',
      'patch Secret ctlog-system/ctlog-key',
    ]);

    const stored = await read(store);
    const config = readConfig(stored.config!);
    expect(config).toMatchObject({
      treeId: treeID,
      prefix: 'sigstorescaffolding',
      backend: 'log-server.trillian-system.svc:80',
      privateKeyPath: '/ctfe-keys/private',
      rootsPaths: ['/ctfe-keys/rootca'],
    });
    // Without it, the log would take certificates for any use.
    const written = Buffer.from(stored.config!).toString();
    expect(written).toContain('ext_key_usages: "CodeSigning"\n');
    expect(written).toMatch(/public_key \{\n +der: "/);
    const key = openPrivateKey(stored.private!, config.password);
    expect(Buffer.from(stored.private!).toString()).toContain('DEK-Info: AES-256-CBC');
    expect(config.publicKey!.equals(publicKeyOf(key))).toBe(true);
    expect(stored.public).toEqual((await read(store, ctlogPublicKey)).public);
    expect(createPublicKey(Buffer.from(stored.public!)).equals(publicKeyOf(key))).toBe(true);
    expect(stored.rootca).toEqual(oldRoot);
  });

  it.each([
    ['--curvetype=p256', { namedCurve: 'prime256v1' }],
    ['--keytype=rsa', { modulusLength: 4096 }],
  ])('makes the key that %s asks for', async (flag, details) => {
    const { public: key } = await read(await made([flag]));
    expect(createPublicKey(Buffer.from(key!)).asymmetricKeyDetails).toMatchObject(details);
  });

  it('only reads when it runs again, however often', async () => {
    const store = await made();
    const requests: string[] = [];
    const noting = recording(store, (request) => requests.push(showRequest(request)));
    for (let round = 0; round < 5; round += 1) {
      expect(await run(noting)).toMatchObject({ status: 0 });
    }
    expect([...new Set(requests)].sort()).toEqual([
      'get ConfigMap ctlog-system/ctlog-config',
      'get Secret ctlog-system/ctlog-key',
      'get Secret ctlog-system/ctlog-public-key',
      'get Secret ctlog-system/ctlog-secrets',
      'get Secret fulcio-system/fulcio-pub-key',
    ]);
  });

  it('waits for the tree, then for the root', async () => {
    const store = memoryStore();
    const running = run(store);
    setTimeout(() => store.write(ctlogConfig, { data: { treeID: text(treeID) } }), 200);
    setTimeout(() => store.write(fulcioPublicKey, { data: { cert: oldRoot } }), 400);
    const { status, stderr } = await running;
    expect(status).toBe(0);
    expect(stderr).toContain('waiting for ConfigMap ctlog-system/ctlog-config, treeID (createtree');
    expect(stderr).toContain('waiting for Secret fulcio-system/fulcio-pub-key, cert (createcerts');
  });

  it('says what did not come in time', async () => {
    const { status, stderr } = await run(await inputs({ cert: null }), ['--timeout=1s']);
    expect(status).toBe(69);
    expect(stderr).toContain(
      'error: Secret fulcio-system/fulcio-pub-key, cert did not come within 1 s',
    );
  });

  it.each(['', 'x', '-1', '0', '9223372036854775808', '1e3'])(
    'refuses %j as the ID of a tree',
    async (tree) => {
      const store = await inputs({ tree });
      const { status, stderr } = await run(store, ['--timeout=200ms']);
      expect(status).toBe(tree === '' ? 69 : 65);
      expect(stderr).toMatch(
        tree === ''
          ? /ctlog-config, treeID did not come within 200 ms; /
          : /ctlog-config key treeID is not a tree's ID, a positive 64-bit integer; /,
      );
      expect(await store.read(ctlogSecrets)).toBeUndefined();
    },
  );

  it('takes the root of a chain, not what the root signed', async () => {
    const store = await inputs({ cert: concat(intermediate, oldRoot) });
    await run(store);
    expect((await read(store)).rootca).toEqual(oldRoot);
  });

  it('takes each root of several, as there are while Fulcio changes its own', async () => {
    const store = await inputs({ cert: concat(oldRoot, newRoot) });
    await run(store);
    expect(rootsIn((await read(store)).rootca!)).toEqual(['CN=old', 'CN=new']);
  });

  it('takes the last of a chain that stops below its root', async () => {
    const store = await inputs({ cert: intermediate });
    await run(store);
    expect((await read(store)).rootca).toEqual(intermediate);
  });

  it.each([
    ['a leaf', leaf, 'not a CA'],
    ['a chain with its leaf', concat(leaf, oldRoot), 'not a CA'],
    ['a private key', new Uint8Array(old.key), 'private key'],
    ['a CA that may not sign certificates', barred, 'not a CA'],
    ['garbage', text('hunter2'), 'is not PEM'],
    ['blanks', text(' \n'), 'is empty'],
  ])('refuses %s as the root', async (_what, cert, why) => {
    const store = await inputs({ cert });
    const { status, stderr } = await run(store);
    expect(status).toBe(65);
    expect(stderr).toContain('Secret fulcio-system/fulcio-pub-key key cert');
    expect(stderr).toContain(why);
    expect(stderr).not.toContain('hunter2');
    expect(await store.read(ctlogSecrets)).toBeUndefined();
  });

  it.each([
    ['expired', '2100-01-01'],
    ['is not valid before', '2001-01-01'],
  ])('refuses a new root that %s, and warns of one that the log has', async (why, date) => {
    const now = () => new Date(date);
    const fresh = await inputs();
    const refused = await runJob(createCtConfig(), fresh, { now });
    expect(refused).toMatchObject({ status: 65, stderr: expect.stringContaining(why) });
    expect(await fresh.read(ctlogSecrets)).toBeUndefined();

    const kept = await runJob(createCtConfig(), await made(), { now });
    expect(kept).toMatchObject({ status: 0, stderr: expect.stringContaining(why) });
  });

  it('adds a new root at the end, keeps the old one, and then is quiet', async () => {
    const store = await made();
    const before = await read(store);
    await store.write(
      fulcioPublicKey,
      { data: { cert: newRoot } },
      await store.read(fulcioPublicKey),
    );
    const { status, stderr } = await run(store);
    expect(status).toBe(0);
    expect(stderr).toContain('when it starts again');
    expect(await read(store)).toEqual({ ...before, rootca: concat(oldRoot, newRoot) });
    const after = await store.read(ctlogSecrets);
    expect(await run(store)).toMatchObject({ status: 0 });
    expect(await store.read(ctlogSecrets)).toEqual(after);
  });

  it('keeps roots that stood there before it, and knows them in other bytes', async () => {
    const store = await inputs({ cert: newRoot });
    const odd = text(
      `# mine\r\n${Buffer.from(concat(newRoot, oldRoot)).toString().replaceAll('\n', '\r\n').trim()}`,
    );
    await store.write(ctlogSecrets, { data: { rootca: odd } });
    expect(await run(store)).toMatchObject({ status: 0 });
    expect((await read(store)).rootca).toEqual(odd);
  });

  it.each([
    '--log-prefix=',
    '--log-prefix=../x',
    '--log-prefix=/x',
    '--log-prefix=a b',
    `--log-prefix=${'x'.repeat(101)}`,
    '--fulcio-url=fulcio',
    '--fulcio-url=ftp://fulcio',
    '--fulcio-url=http://user:hunter2@fulcio',
    '--fulcio-secret=none',
    '--keytype=dsa',
    '--curvetype=p224',
    '--curvetype=p384',
    '--keytype=rsa --curvetype=p256',
    '--private-secret=x --keytype=rsa',
    '--trillian-server=x',
    '--mount-path=keys',
    '--configmap=A',
    '--key-password=hunter2',
  ])('refuses %s', async (flags) => {
    const { status, stderr, writes } = await run(await inputs(), flags.split(/ (?=--)/));
    expect({ status, writes }).toEqual({ status: 64, writes: [] });
    const named = [...flags.matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
    expect(named.some((flag) => stderr.includes(flag))).toBe(true);
    expect(stderr).not.toContain('hunter2');
  });

  it.each(['a/b', '2022-ctlog', 'v1.0_x'])('serves the log below %s', async (prefix) => {
    expect(readConfig((await read(await made([`--log_prefix=${prefix}`]))).config!).prefix).toBe(
      prefix,
    );
  });

  it('tells the log ID that clients look for', async () => {
    const store = await inputs();
    const { stderr } = await run(store);
    const key = createPublicKey(Buffer.from((await read(store)).public!));
    expect(stderr).toContain(`its log ID is ${fingerprint(key)}`);
  });
});
