import {
  copies,
  ctlogPublicKey,
  fulcioPublicKey,
  rekorPublicKey,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { newKeyNote } from '@sigstand/job/trusted';
import { caExtensions, type Foreign, openssl, opensslCertificate } from '@sigstand/pki/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import type { Data, Ref, Store } from '@sigstand/store/store';
import { describe, expect, it } from 'vitest';
import { copySecrets } from './job.ts';

/** A self-signed certificate, its public key and its private key, made by openssl. */
function material(name: string, issuer?: Foreign) {
  const { certificate, key } = opensslCertificate({
    subject: `/CN=${name}`,
    extensions: issuer ? ['extendedKeyUsage=critical,timeStamping'] : caExtensions,
    ...(issuer && { issuer }),
  });
  return {
    cert: new Uint8Array(Buffer.concat([certificate, issuer?.certificate ?? Buffer.alloc(0)])),
    public: new Uint8Array(openssl(['x509', '-noout', '-pubkey'], certificate)),
    private: new Uint8Array(key),
  };
}

const [fulcio, ctlog, rekor, other] = ['fulcio', 'ctlog', 'rekor', 'other'].map((name) =>
  material(name),
);
const tsaRoot = opensslCertificate({ subject: '/CN=tsa root', extensions: caExtensions });
const tsa = material('tsa', tsaRoot);
const privateKey = fulcio!.private;
const text = (value: string) => new Uint8Array(Buffer.from(value));

const sources: readonly (readonly [Ref, Data])[] = [
  [fulcioPublicKey, { cert: fulcio!.cert, public: fulcio!.public }],
  [ctlogPublicKey, { public: ctlog!.public }],
  [rekorPublicKey, { public: rekor!.public }],
  [
    tsaCertChain,
    {
      'cert-chain': tsa.cert,
      'signing-secret': tsa.private,
      'signing-secret-password': text('hunter2'),
    },
  ],
];

async function filledStore(
  changes: readonly (readonly [Ref, Data | undefined])[] = [],
): Promise<Store> {
  const store = memoryStore();
  for (const [ref, data] of sources) {
    const changed = changes.find(([one]) => one === ref);
    const put = changed ? changed[1] : data;
    if (put) await store.write(ref, { data: put });
  }
  return store;
}

async function copied(store: Store) {
  const read = async (ref: Ref) => (await store.read(ref))?.data;
  return {
    fulcio: await read(copies.fulcio),
    ctlog: await read(copies.ctlog),
    rekor: await read(copies.rekor),
    tsa: await read(copies.tsa),
  };
}

const allCopied = {
  fulcio: { cert: fulcio!.cert, public: fulcio!.public },
  ctlog: { public: ctlog!.public },
  rekor: { public: rekor!.public },
  tsa: { 'cert-chain': tsa.cert },
};

describe('copysecrets', () => {
  it('copies the public keys and certificates, and nothing else of their Secrets', async () => {
    const store = await filledStore();
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
    expect(await copied(store)).toEqual(allCopied);
  });

  it('copies the name that Rekor signs with, also to a copy from before, and refuses another', async () => {
    const hostname = text('rekor.example.com');
    const store = await filledStore();
    await runJob(copySecrets(), store);
    const source = await store.read(rekorPublicKey);
    await store.write(rekorPublicKey, { data: { hostname } }, source);
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
    const both = { ...allCopied.rekor, hostname };
    expect((await store.read(copies.rekor))?.data).toEqual(both);

    const other = { data: { hostname: text('log.example.com') } };
    await store.write(rekorPublicKey, other, await store.read(rekorPublicKey));
    const { status, stderr } = await runJob(copySecrets(), store);
    expect(status).toBe(78);
    expect(stderr).toContain('key hostname is rekor.example.com, but Secret rekor-system');
    expect((await store.read(copies.rekor))?.data).toEqual(both);
  });

  it('copies no private key as a name', async () => {
    const store = await filledStore([
      [rekorPublicKey, { public: rekor!.public, hostname: privateKey }],
    ]);
    const { status, stderr } = await runJob(copySecrets(), store);
    expect(status).toBe(65);
    expect(stderr).toContain('Secret rekor-system/rekor-pub-key key hostname is no host name');
    expect((await copied(store)).rekor).toBeUndefined();
  });

  it('gives the copies names of their own in the namespace of their sources', async () => {
    const store = memoryStore();
    const here = (ref: Ref) => ({ ...ref, namespace: 'sigstore' });
    const copies_ = Object.values(copies).map((ref) => ({ ...ref, name: `trusted-${ref.name}` }));
    for (const ref of [fulcioPublicKey, ctlogPublicKey, rekorPublicKey, tsaCertChain]) {
      await store.write(here(ref), { data: (await (await filledStore()).read(ref))!.data });
    }
    const flags = [
      'fulcio-secret=sigstore/fulcio-pub-key',
      'ctlog-secret=sigstore/ctlog-public-key',
    ];
    const more = ['rekor-secret=sigstore/rekor-pub-key', 'tsa-secret=sigstore/tsa-cert-chain'];
    const args = ['namespace=sigstore', ...flags, ...more].map((flag) => `--${flag}`);
    const { status, stderr } = await runJob(copySecrets(), store, { args });
    expect(status).toBe(64);
    expect(stderr).toContain('Secret sigstore/fulcio-pub-key would be its own copy');

    const told = { args: [...args, '--copy-prefix=trusted-'] };
    expect(await runJob(copySecrets(), store, told)).toMatchObject({ status: 0 });
    const data = await Promise.all(copies_.map(async (ref) => (await store.read(here(ref)))?.data));
    expect(data).toEqual(Object.values(allCopied));
  });

  it('only reads when it runs a second time', async () => {
    const store = await filledStore();
    await runJob(copySecrets(), store);
    const requests: string[] = [];
    const noting = recording(store, (request) => requests.push(showRequest(request)));
    expect(await runJob(copySecrets(), noting)).toMatchObject({ status: 0 });
    expect(requests.sort()).toEqual([
      'get Secret ctlog-system/ctlog-public-key',
      'get Secret fulcio-system/fulcio-pub-key',
      'get Secret rekor-system/rekor-pub-key',
      'get Secret tsa-system/tsa-cert-chain',
      'get Secret tuf-system/ctlog-public-key',
      'get Secret tuf-system/fulcio-pub-key',
      'get Secret tuf-system/rekor-pub-key',
      'get Secret tuf-system/tsa-cert-chain',
    ]);
  });

  it.each(sources.map(([ref, data]) => [ref.name, ref, data] as const))(
    'copies what is there while it waits for %s, and then that',
    async (_name, late, data) => {
      const store = await filledStore([[late, undefined]]);
      const running = runJob(copySecrets(), store, { args: ['--timeout=10s'] });
      await expect
        .poll(async () => Object.values(await copied(store)).filter(Boolean))
        .toHaveLength(3);
      await store.write(late, { data });
      expect(await running).toMatchObject({ status: 0 });
      expect(await copied(store)).toEqual(allCopied);
    },
  );

  it('names all that did not come in time', async () => {
    const store = await filledStore([
      [rekorPublicKey, undefined],
      [tsaCertChain, undefined],
    ]);
    const { status, stderr } = await runJob(copySecrets(), store, { args: ['--timeout=1s'] });
    expect(status).toBe(69);
    const last = stderr.trim().split('\n').at(-1);
    expect(last).toContain('Secret rekor-system/rekor-pub-key, public did not come within 1 s');
    expect(last).toContain('Secret tsa-system/tsa-cert-chain, cert-chain did not come within 1 s');
    expect(last).toContain('createcertchain writes it');
  });

  it.each([
    ['a private key', { public: privateKey }, 'holds a private key'],
    [
      'a key behind a public one',
      { public: concat(rekor!.public, privateKey) },
      'holds a private key',
    ],
    ['garbage', { public: text('hunter2') }, 'is not PEM'],
    ['a certificate', { public: rekor!.cert }, 'is not one PUBLIC KEY'],
  ])(
    'refuses a public key that is %s, at once and without quoting it',
    async (_what, data, why) => {
      // The timestamp authority's Secret is missing: the refusal does not wait for it.
      const store = await filledStore([
        [rekorPublicKey, data],
        [tsaCertChain, undefined],
      ]);
      const start = performance.now();
      const { status, stderr } = await runJob(copySecrets(), store);
      expect(performance.now() - start).toBeLessThan(5_000);
      expect(status).toBe(65);
      expect(stderr).toContain('Secret rekor-system/rekor-pub-key key public');
      expect(stderr).toContain(why);
      expect(stderr).not.toContain('hunter2');
      expect(await store.read(copies.rekor)).toBeUndefined();
    },
  );

  it('copies what it read, and nothing that stood around it', async () => {
    const body = Buffer.from(privateKey)
      .toString()
      .replaceAll(/-----.*-----/g, '');
    const note = text(`mine:${body}`);
    const store = await filledStore([
      [rekorPublicKey, { public: concat(note, rekor!.public) }],
      [tsaCertChain, { 'cert-chain': concat(note, tsa.cert) }],
    ]);
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
    expect(await copied(store)).toEqual(allCopied);
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
  });

  it('refuses a new CT log’s key that clients do not verify with, and keeps one that is copied', async () => {
    const p384 = openssl(['ecparam', '-genkey', '-noout', '-name', 'secp384r1']);
    const key = new Uint8Array(openssl(['pkey', '-pubout'], p384));
    const store = await filledStore([[ctlogPublicKey, { public: key }]]);
    const { status, stderr } = await runJob(copySecrets(), store);
    expect([status, await store.read(copies.ctlog)]).toEqual([65, undefined]);
    expect(stderr).toContain('Secret ctlog-system/ctlog-public-key key public is on another curve');
    await store.write(copies.ctlog, { data: { public: key } });
    const again = await runJob(copySecrets(), store);
    expect(again.status).toBe(0);
    expect(again.stderr).toContain('key public is on another curve than P-256');
  });

  it('looks at all that is there before it copies any of it', async () => {
    const store = await filledStore([[tsaCertChain, { 'cert-chain': privateKey }]]);
    expect(await runJob(copySecrets(), store)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('tsa-cert-chain key cert-chain holds a private key'),
      writes: [],
    });
    expect(Object.values(await copied(store)).filter(Boolean)).toEqual([]);
  });

  it('refuses a chain in which a private key stands', async () => {
    const data = { 'cert-chain': concat(tsa.private, tsa.cert) };
    const store = await filledStore([[tsaCertChain, data]]);
    expect(await runJob(copySecrets(), store)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('tsa-cert-chain key cert-chain holds a private key'),
      writes: [],
    });
    expect(await store.read(copies.tsa)).toBeUndefined();
  });

  it('refuses a chain that lacks its root', async () => {
    const [leaf = ''] = Buffer.from(tsa.cert)
      .toString()
      .split(/(?<=-----END CERTIFICATE-----\n)/);
    const store = await filledStore([[tsaCertChain, { 'cert-chain': text(leaf) }]]);
    const { status, stderr, writes } = await runJob(copySecrets(), store);
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain('Secret tsa-system/tsa-cert-chain has no self-signed root');
  });

  it('refuses a new CT log’s key on a curve that clients do not verify', async () => {
    const key = openssl(['ecparam', '-genkey', '-name', 'secp384r1', '-noout']);
    const data = { public: new Uint8Array(openssl(['pkey', '-pubout'], key)) };
    const store = await filledStore([[ctlogPublicKey, data]]);
    const { status, stderr, writes } = await runJob(copySecrets(), store);
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toMatch(/ctlog-public-key key public is on another curve than P-256/);
  });

  it('refuses a public key that is not that of the certificate beside it', async () => {
    const data = { cert: fulcio!.cert, public: other!.public };
    const store = await filledStore([[fulcioPublicKey, data]]);
    const { status, stderr, writes } = await runJob(copySecrets(), store);
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toMatch(/key public is [0-9a-f]{64}, but key cert is for [0-9a-f]{64}/);
  });

  it('keeps a copy whose source changed, and names both', async () => {
    const store = await filledStore();
    await runJob(copySecrets(), store);
    const now = await store.read(rekorPublicKey);
    await store.write(rekorPublicKey, { data: { public: other!.public } }, now);
    const { status, stderr } = await runJob(copySecrets(), store);
    expect(status).toBe(78);
    expect(stderr).toMatch(
      /Secret tuf-system\/rekor-pub-key key public is [0-9a-f]{64}, but Secret rekor-system\/rekor-pub-key has [0-9a-f]{64}/,
    );
    expect(await copied(store)).toEqual(allCopied);
  });

  it('takes the permission for a new key away with the key that it was for', async () => {
    const store = await filledStore();
    await runJob(copySecrets(), store);
    const copy = (await store.read(copies.rekor))!;
    await store.write(copies.rekor, { annotations: { [newKeyNote]: 'yes' } }, copy);
    const source = await store.read(rekorPublicKey);
    await store.write(rekorPublicKey, { data: { public: other!.public } }, source);
    expect(await runJob(copySecrets(), store, { args: ['--replace'] })).toMatchObject({
      status: 0,
    });
    expect((await store.read(copies.rekor))!.annotations[newKeyNote]).toBe('');
  });

  it.each(['--replace', '--replace=true'])(
    'lets a copy follow its source with %s',
    async (flag) => {
      const store = await filledStore();
      await runJob(copySecrets(), store);
      const now = await store.read(rekorPublicKey);
      await store.write(rekorPublicKey, { data: { public: other!.public } }, now);
      expect(await runJob(copySecrets(), store, { args: [flag] })).toMatchObject({ status: 0 });
      expect((await copied(store)).rekor).toEqual({ public: other!.public });
    },
  );

  it('completes a copy of which a part is there, and leaves what else is', async () => {
    const store = await filledStore();
    const note = text('mine');
    await store.write(copies.fulcio, { data: { cert: fulcio!.cert, note } });
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
    expect((await copied(store)).fulcio).toEqual({ ...allCopied.fulcio, note });
  });

  it('keeps a copy that says the same in other bytes', async () => {
    const store = await filledStore();
    const public_ = text(Buffer.from(rekor!.public).toString().replaceAll('\n', '\r\n'));
    await store.write(copies.rekor, { data: { public: public_ } });
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
    expect((await copied(store)).rekor).toEqual({ public: public_ });
  });

  it('warns of a private key that somebody else brought to the public side', async () => {
    const store = await filledStore();
    await store.write(copies.tsa, { data: { 'signing-secret': tsa.private } });
    const { status, stderr } = await runJob(copySecrets(), store);
    expect(status).toBe(0);
    expect(stderr).toContain(
      'warning: Secret tuf-system/tsa-cert-chain holds a private key under signing-secret',
    );
  });

  it('takes a chain whose certificates have keys of their own', async () => {
    const root = new Uint8Array(tsaRoot.certificate);
    const leaf = tsa.cert.subarray(0, tsa.cert.length - root.length);
    const split = { 'tsa_root.crt.pem': root, 'tsa_leaf.crt.pem': leaf };
    const store = await filledStore([[tsaCertChain, { ...split, 'signing-secret': tsa.private }]]);
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
    expect((await copied(store)).tsa).toEqual(split);
  });

  it('waits for a chain of which half is there', async () => {
    const leaf = tsa.cert.subarray(0, tsa.cert.length - tsaRoot.certificate.length);
    const store = await filledStore([[tsaCertChain, { 'tsa_leaf.crt.pem': leaf }]]);
    const { status, stderr } = await runJob(copySecrets(), store, { args: ['--timeout=50ms'] });
    expect(status).toBe(69);
    expect(stderr).toContain('Secret tsa-system/tsa-cert-chain, cert-chain did not come');
    expect((await copied(store)).tsa).toBeUndefined();
  });

  it('copies no chain that has expired', async () => {
    const now = () => new Date(Date.now() + 3_700 * 86_400_000);
    const { status, stderr, writes } = await runJob(copySecrets(), await filledStore(), { now });
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toMatch(/has a certificate, .*, that expired at /);
  });

  it('takes sources of other names to the same places', async () => {
    const store = await filledStore([[rekorPublicKey, undefined]]);
    const mine: Ref = { kind: 'Secret', namespace: 'mine', name: 'my-rekor' };
    await store.write(mine, { data: { public: rekor!.public } });
    const args = ['--rekor_secret=mine/my-rekor'];
    expect(await runJob(copySecrets(), store, { args })).toMatchObject({ status: 0 });
    expect(await copied(store)).toEqual(allCopied);
  });

  it('stops within a second when it is told to, to be run again', async () => {
    const stop = new AbortController();
    const running = runJob(copySecrets(), memoryStore(), { signal: stop.signal });
    setTimeout(() => stop.abort(), 300);
    const start = performance.now();
    expect(await running).toMatchObject({ status: 75 });
    expect(performance.now() - start).toBeLessThan(1_300);
  });

  it.each([
    ['--fulcio-secret=fulcio-pub-key', 'Kubernetes names have small letters'],
    ['--tsa-secret=a/b/c', 'Write NAMESPACE/NAME'],
    ['--rekor-secret=A/b', 'Kubernetes names have small letters'],
    ['--replace=maybe', 'Write true or false'],
    ['--sources=x', "unknown option '--sources'"],
  ])('refuses %s, and says why', async (flag, why) => {
    const store = await filledStore();
    const { status, stderr, writes } = await runJob(copySecrets(), store, { args: [flag] });
    expect({ status, writes }).toEqual({ status: 64, writes: [] });
    expect(stderr).toContain(flag.split('=')[0]);
    expect(stderr).toContain(why);
  });
});

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe("a log key's date", () => {
  const note = 'sigstand.dev/key-created';
  const dated = (time: string) => ({ annotations: { [note]: time, 'example.com/own': 'x' } });
  const copied = async (store: Store) => (await store.read(copies.rekor))?.annotations;

  it('goes with the key, and no other annotation does', async () => {
    const store = await filledStore();
    await store.write(
      rekorPublicKey,
      dated('2030-01-01T00:00:00Z'),
      await store.read(rekorPublicKey),
    );
    expect(await runJob(copySecrets(), store)).toMatchObject({ status: 0 });
    expect(await copied(store)).toEqual({ [note]: '2030-01-01T00:00:00Z' });
  });

  it('does not outlast the key', async () => {
    const store = await filledStore();
    await store.write(
      rekorPublicKey,
      dated('2030-01-01T00:00:00Z'),
      await store.read(rekorPublicKey),
    );
    await runJob(copySecrets(), store);
    const undated = { data: { public: other!.public }, annotations: { [note]: '' } };
    await store.write(rekorPublicKey, undated, await store.read(rekorPublicKey));
    expect(await runJob(copySecrets(), store, { args: ['--replace'] })).toMatchObject({
      status: 0,
    });
    expect(await copied(store)).toEqual({ [note]: '' });
  });
});
