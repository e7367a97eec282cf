import { ctlogConfig, ctlogPublicKey, ctlogSecrets } from '@sigstand/contracts/records';
import { services } from '@sigstand/contracts/services';
import { systemEntropy } from '@sigstand/pki/entropy';
import { publicKeyOf, publicPem } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { sealRfc1423 } from '@sigstand/pki/seal';
import { describe, expect, it } from 'vitest';
import { newConfig, readConfig } from './ct-config.ts';
import { withNewLog } from './moved-config.ts';
import {
  concat,
  inputs,
  made,
  newRoot,
  oldRoot,
  read,
  run,
  tampered,
  text,
  treeID,
} from './testing.ts';

const ofManifests = { backend: services.trillian, mountPath: '/ctfe-keys' };

describe('createctconfig on a log that is stored', () => {
  describe('after a crash or an accident', () => {
    it('publishes the key that was stored', async () => {
      const first = await made();
      const store = await tampered(first, {});
      expect(await run(store)).toMatchObject({ status: 0 });
      expect(await read(store)).toEqual(await read(first));
      expect(await read(store, ctlogPublicKey)).toEqual(await read(first, ctlogPublicKey));
    });

    it('keeps a key on a curve that clients do not verify, and says so', async () => {
      const { password } = readConfig((await read(await made())).config!);
      const key = systemEntropy.privateKey('ecdsa-p384');
      const log = { treeId: treeID, prefix: 'sigstorescaffolding', ...ofManifests };
      const store = await tampered(await made(), {
        private: sealRfc1423(key, Buffer.from(password).toString()),
        public: publicPem(publicKeyOf(key)),
        config: newConfig(log, {
          publicKey: publicKeyOf(key),
          password: Buffer.from(password).toString(),
        }),
      });
      const { status, stderr } = await run(store);
      expect(status).toBe(0);
      expect(stderr).toContain("warning: the CT log's key is on another curve than P-256");
    });

    it.each(['public', 'rootca'])('completes %s, and keeps the key', async (key) => {
      const first = await made();
      const store = await tampered(first, { [key]: undefined });
      expect(await run(store)).toMatchObject({ status: 0 });
      expect(await read(store)).toEqual(await read(first));
    });

    it.each(['config', 'private'])('makes nothing new where %s is lost', async (key) => {
      const store = await tampered(await made(), { [key]: undefined });
      const before = await store.read(ctlogSecrets);
      const { status, stderr } = await run(store);
      expect(status).toBe(78);
      expect(stderr).toContain(`lacks ${key}`);
      expect(await store.read(ctlogSecrets)).toEqual(before);
      expect(await store.read(ctlogPublicKey)).toBeUndefined();
    });

    it('makes no new key beside a public one whose private one is lost with its password', async () => {
      const store = await tampered(await made(), { private: undefined, config: undefined });
      expect(await run(store)).toMatchObject({
        status: 78,
        stderr: expect.stringContaining('ctlog-secrets has public but lacks private, config'),
        writes: [],
      });
    });

    it('makes no new key where a public one is in use', async () => {
      const store = await inputs();
      await store.write(ctlogPublicKey, { data: await read(await made(), ctlogPublicKey) });
      expect(await run(store)).toMatchObject({
        status: 78,
        stderr: expect.stringContaining('the private key it belongs to is not in Secret'),
        writes: [],
      });
      expect(await store.read(ctlogSecrets)).toBeUndefined();
    });
  });

  describe('where what is stored contradicts itself', () => {
    it.each(['public', 'private'])('names both keys where %s is another log’s', async (key) => {
      const [one, other] = [await made(), await made()];
      const config = readConfig((await read(one)).config!);
      const foreign = (await read(other))[key]!;
      const value =
        key === 'public' ? foreign : reseal(foreign, (await read(other)).config!, config.password);
      const store = await tampered(one, { [key]: value });
      const { status, stderr } = await run(store);
      expect(status).toBe(78);
      expect(stderr).toMatch(/is for [0-9a-f]{64}, but the private key gives [0-9a-f]{64}/);
      expect(stderr).not.toContain(Buffer.from(config.password).toString());
      expect(await store.read(ctlogPublicKey)).toBeUndefined();
    });

    it('names both keys where the configuration has another log’s', async () => {
      const one = await made();
      const { treeId, prefix, backend, password } = readConfig((await read(one)).config!);
      const log = { treeId, prefix, backend, mountPath: '/ctfe-keys' };
      const publicKey = publicKeyOf(systemEntropy.privateKey('ecdsa-p256'));
      const other = { publicKey, password: Buffer.from(password).toString() };
      const { status, stderr, writes } = await run(
        await tampered(one, { config: newConfig(log, other) }),
      );
      expect({ status, writes }).toEqual({ status: 78, writes: [] });
      expect(stderr).toMatch(
        /key config is for [0-9a-f]{64}, but the private key gives [0-9a-f]{64}/,
      );
    });

    it('refuses a password that does not open the key', async () => {
      const one = await made();
      const store = await tampered(one, { config: (await read(await made())).config });
      expect(await run(store)).toMatchObject({
        status: 78,
        stderr: expect.stringContaining('does not open'),
        writes: [],
      });
    });

    it.each([
      ['another tree', [], '1', 'is for the tree 6650004838055700742, not 1'],
      [
        'another prefix',
        ['--log-prefix=mine'],
        treeID,
        'has the prefix sigstorescaffolding, not mine',
      ],
      [
        'another backend',
        ['--trillian-server=x:1'],
        treeID,
        'has the backend log-server.trillian-system.svc:80, not x:1',
      ],
      [
        'another mount',
        ['--mount-path=/x'],
        treeID,
        'reads the key from /ctfe-keys/private, not /x/private',
      ],
    ])('changes nothing for %s', async (_what, args, tree, why) => {
      const store = await made();
      const before = await read(store);
      await store.write(
        ctlogConfig,
        { data: { treeID: text(tree) } },
        await store.read(ctlogConfig),
      );
      const { status, stderr } = await run(store, args);
      expect(status).toBe(78);
      expect(stderr).toContain(why);
      expect(await read(store)).toEqual(before);
    });
  });

  describe('that was moved', () => {
    const next = '7668082002570787638';

    /** The store after `sigstand rotate ctlog --new-log` has given the log's Secret another log. */
    async function moved(names: Record<string, string>) {
      const before = await read(await made());
      const { publicKey } = readConfig(before.config!);
      const key = systemEntropy.privateKey('ecdsa-p256');
      const word = systemEntropy.password();
      const store = await tampered(await made(), {
        ...before,
        'private-before': before.private!,
        private: sealRfc1423(key, word),
        public: publicPem(publicKeyOf(key)),
        config: withNewLog(before.config!, {
          ...{ publicKey: publicKeyOf(key), password: text(word), treeId: next },
          ...{ present: publicKey!, oldKeyPath: '/ctfe-keys/private-before' },
        }),
      });
      const data = Object.fromEntries(Object.entries(names).map(([k, v]) => [k, text(v)]));
      await store.write(ctlogConfig, { data }, await store.read(ctlogConfig));
      return store;
    }

    it.each([
      ['when it is done', { treeID: next }],
      ['in its middle', { treeID: treeID, 'next-treeID': next }],
    ])('is kept with all of its logs, %s', async (_when, names) => {
      const store = await moved(names);
      const before = await read(store);
      const { status } = await run(store);
      expect(status).toBe(0);
      expect(await read(store)).toEqual(before);
      expect((await read(store, ctlogPublicKey)).public).toEqual(before.public);
    });

    it.each([
      ['the record names the tree of before', { treeID: treeID }, 78, `is for the tree ${next}`],
      ['it names a next one that is no tree', { 'next-treeID': 'x' }, 65, 'key next-treeID'],
    ])('is not touched where %s', async (_what, names, expected, why) => {
      const store = await moved(names);
      const before = await read(store);
      const { status, stderr } = await run(store);
      expect(status).toBe(expected);
      expect(stderr).toContain(why);
      expect(await read(store)).toEqual(before);
    });
  });

  describe('with a configuration that it did not write', () => {
    const upstream = (der: string, password: string, more = '') =>
      text(
        `# by hand\nbackends:{backend:{name:"trillian"  backend_spec:'log-server.trillian-system.svc:80'}} log_configs: {config < log_id:${treeID} prefix:"sigstore" "scaffolding" roots_pem_file: ["/ctfe-keys/fulcio-0", "/ctfe-keys/fulcio-1"], private_key:{[type.googleapis.com/keyspb.PEMKeyFile]:{path:"/ctfe-keys/private" password:"${password}"}} public_key:{der:"${der}"} ext_key_usages:"CodeSigning" log_backend_name:"trillian" max_merge_delay_sec: 86400 ${more}>}`,
      );
    const hex = (bytes: Uint8Array) =>
      Buffer.from(bytes).toString('hex').replaceAll(/../g, '\\x$&');

    async function byUpstream(more = '', extra: Record<string, Uint8Array> = {}) {
      const stored = await read(await made());
      const { password, publicKey } = readConfig(stored.config!);
      const der = hex(new Uint8Array(publicKey!.export({ type: 'spki', format: 'der' })));
      const store = await inputs();
      const data = {
        private: stored.private!,
        public: stored.public!,
        'fulcio-0': newRoot,
        'fulcio-1': newRoot,
        config: upstream(der, Buffer.from(password).toString(), more),
        ...extra,
      };
      await store.write(ctlogSecrets, { data });
      return { store, data };
    }

    it('adds the root to a file that it names, and leaves the rest byte for byte', async () => {
      const { store, data } = await byUpstream();
      expect(await run(store)).toMatchObject({ status: 0 });
      expect(await read(store)).toEqual({ ...data, 'fulcio-1': concat(newRoot, oldRoot) });
    });

    it('refuses a second log rather than losing one', async () => {
      const { store } = await byUpstream('> config: <log_id: 2');
      const { status, stderr, writes } = await run(store);
      expect({ status, writes }).toEqual({ status: 65, writes: [] });
      expect(stderr).toContain('key config has more than one config');
    });

    it.each([
      ['that names a file which is not there', { 'fulcio-1': text('') }, 78, 'roots file'],
      ['with a root that is none', { 'fulcio-1': text('hunter2') }, 65, 'key fulcio-1'],
      [
        'that is not text',
        { config: new Uint8Array([10, 0, 255]) },
        65,
        'key config is not protobuf',
      ],
      ['that says nothing', { config: text('# later') }, 65, 'key config has no log_configs'],
    ])('touches nothing for one %s', async (_what, extra, expected, why) => {
      const { store, data } = await byUpstream('', extra);
      const { status, stderr } = await run(store);
      expect(status).toBe(expected);
      expect(stderr).toContain(why);
      expect(stderr).not.toContain('hunter2');
      expect(await read(store)).toEqual(data);
    });
  });
});

/** Another log's key under this one's password: all opens, and nothing fits. */
function reseal(sealed: Uint8Array, config: Uint8Array, password: Uint8Array): Uint8Array {
  const key = openPrivateKey(sealed, readConfig(config).password);
  const passphrase = Buffer.from(password);
  return text(
    String(key.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase })),
  );
}
