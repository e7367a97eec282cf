import { createPublicKey, X509Certificate } from 'node:crypto';
import { fulcioPublicKey, fulcioSecrets } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { fingerprint } from '@sigstand/pki/keys';
import { fromUtf8, utf8 } from '@sigstand/pki/pem';
import {
  caExtensions,
  type Foreign,
  openssl,
  opensslCertificate,
  withFiles,
} from '@sigstand/pki/testing';
import { memoryStore } from '@sigstand/store/memory';
import { recording, showRequest } from '@sigstand/store/recording';
import type { Data, Ref, Store } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCerts } from './job.ts';

const run = (store: Store, ...args: string[]) => runJob(createCerts(), store, { args });
const dataOf = async (store: Store, ref: Ref) => (await store.read(ref))?.data ?? {};

/** A store with these records. */
async function holding(secret: Data | undefined, published?: Data): Promise<Store> {
  const store = memoryStore();
  if (secret) await store.write(fulcioSecrets, { data: secret });
  if (published) await store.write(fulcioPublicKey, { data: published });
  return store;
}

const without = (data: Data, ...keys: string[]): Data =>
  Object.fromEntries(Object.entries(data).filter(([key]) => !keys.includes(key)));

const subjectOf = (data: Data) =>
  openssl(['x509', '-noout', '-subject', '-nameopt', 'RFC2253,sep_comma_plus,-dn_rev'], data.cert)
    .toString()
    .trim();

let made: Data;
let published: Data;
let another: Data;
beforeAll(async () => {
  const [store, other] = [memoryStore(), memoryStore()];
  await run(store);
  await run(other);
  made = await dataOf(store, fulcioSecrets);
  published = await dataOf(store, fulcioPublicKey);
  another = await dataOf(other, fulcioSecrets);
});

describe('createcerts, where there is nothing yet', () => {
  it('makes a root that openssl verifies, and says what it made', async () => {
    const store = memoryStore();
    const { status, stderr } = await run(store);
    expect(status).toBe(0);
    const { cert = utf8('') } = await dataOf(store, fulcioSecrets);
    const { fingerprint256 } = new X509Certificate(cert);
    expect(stderr).toContain("created Fulcio's CA in Secret fulcio-system/fulcio-secrets");
    expect(stderr).toContain(fingerprint256);
    expect(stderr).toMatch(/valid until \d{4}-/);
    expect(stderr).not.toContain('warning');
    const verified = withFiles({ cert }, (path) =>
      openssl(['verify', '-x509_strict', '-CAfile', path('cert'), path('cert')]).toString(),
    );
    expect(verified).toContain('OK');
  });

  it('makes a CA of ten years that may sign certificates and CRLs', () => {
    const shown = openssl(['x509', '-noout', '-text'], made.cert).toString();
    expect(shown).toMatch(/Key Usage: critical\n +Certificate Sign, CRL Sign\n/);
    expect(shown).toMatch(/Basic Constraints: critical\n +CA:TRUE, pathlen:1\n/);
    const { validFromDate, validToDate } = new X509Certificate(made.cert!);
    const days = (validToDate.getTime() - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(3_649);
    expect(Date.now() - validFromDate.getTime()).toBeGreaterThan(5 * 60_000);
  });

  it('seals the key under the password beside it, and publishes no more than the public half', () => {
    const opened = openssl(
      ['pkey', '-passin', `pass:${fromUtf8(made.password!)}`, '-pubout'],
      made.private,
    );
    expect(opened).toEqual(Buffer.from(made.public!));
    expect(new X509Certificate(made.cert!).publicKey.equals(createPublicKey(opened))).toBe(true);
    expect(published).toEqual({ cert: made.cert, public: made.public });
  });

  it('makes a P-384 key with SHA-384 where asked to', async () => {
    const store = memoryStore();
    await run(store, '--curve-type=p384', '--lifetime=24h');
    const { cert } = await dataOf(store, fulcioPublicKey);
    const shown = openssl(['x509', '-noout', '-text'], cert).toString();
    expect(shown).toContain('NIST CURVE: P-384');
    expect(shown).toContain('ecdsa-with-SHA384');
    expect(openssl(['x509', '-noout', '-checkend', '80000'], cert).toString()).toContain(
      'will not',
    );
  });

  it.each([
    [[], 'subject=O=Sigstand,CN=Sigstand Fulcio root'],
    [['--cert-common-name='], 'subject=O=Sigstand'],
    [
      [
        '--cert-country=de',
        '--cert_province=Bayern',
        '--cert-locality=Bad Tölz',
        '--cert-address=Markt 1',
        '--cert-postal=83646',
        '--cert-organization=',
        '--cert-common-name=Root',
      ],
      'subject=C=DE,ST=Bayern,L=Bad T\\C3\\B6lz,street=Markt 1,postalCode=83646,CN=Root',
    ],
  ])('takes its subject from the flags %j', async (args, subject) => {
    const store = memoryStore();
    await run(store, ...args);
    expect(subjectOf(await dataOf(store, fulcioPublicKey))).toBe(subject);
  });

  it.each([
    ['--cert-country=EURO', 'two letters'],
    ['--cert-country=1A', 'two letters'],
    ['--curve-type=p521', 'Allowed choices are p256, p384'],
    ['--lifetime=10', 'Write a duration'],
    ['--lifetime=2000y', 'at most 1000y'],
    [`--cert-common-name=${'x'.repeat(65)}`, '1 to 64'],
    ['--cert-organization=a\nb', 'printable'],
    ['--cert-common-name= --cert-organization=', 'would have no name'],
  ])('refuses %j and writes nothing', async (args, message) => {
    const store = memoryStore();
    const { status, stderr } = await run(
      store,
      ...args.split(' --').map((arg) => `--${arg.replace(/^--/, '')}`),
    );
    expect(status).toBe(64);
    expect(stderr).toContain(message);
    expect(await store.read(fulcioSecrets)).toBeUndefined();
  });
});

describe('createcerts, where something is there', () => {
  it('only reads when it runs a second time', async () => {
    const requests: string[] = [];
    const store = recording(await holding(made, published), (request) =>
      requests.push(showRequest(request)),
    );
    const { status, stderr } = await run(store, '--curve-type=p384', '--cert-country=DE');
    expect(status).toBe(0);
    expect(stderr).toContain("kept Fulcio's CA");
    expect(requests).toEqual([
      'get Secret fulcio-system/fulcio-pub-key',
      'get Secret fulcio-system/fulcio-secrets',
    ]);
  });

  it('publishes from the key that survived a crash', async () => {
    const store = await holding(made);
    expect((await run(store)).status).toBe(0);
    expect(await dataOf(store, fulcioPublicKey)).toEqual(published);
    expect(await dataOf(store, fulcioSecrets)).toEqual(made);
  });

  it.each([
    ['public', undefined],
    ['public', 'there'],
  ])('completes a missing %s key with the public Secret %s', async (key, there) => {
    const store = await holding(without(made, key), there ? published : undefined);
    expect((await run(store)).status).toBe(0);
    expect(await dataOf(store, fulcioSecrets)).toEqual(made);
    expect(await dataOf(store, fulcioPublicKey)).toEqual(published);
  });

  it('ends with one CA where two run at once', async () => {
    const store = memoryStore();
    const results = await Promise.all([run(store), run(store), run(store)]);
    expect(results.map(({ status }) => status)).toEqual([0, 0, 0]);
    const [secret, shown] = [
      await dataOf(store, fulcioSecrets),
      await dataOf(store, fulcioPublicKey),
    ];
    expect(shown).toEqual({ cert: secret.cert, public: secret.public });
    expect((await run(store)).status).toBe(0);
  });

  it('says which keys disagree, by fingerprint', async () => {
    const [ours, theirs] = [made, another].map(({ public: key }) =>
      fingerprint(createPublicKey(Buffer.from(key!))),
    );
    const { status, stderr, writes } = await run(await holding({ ...made, cert: another.cert! }));
    expect({ status, writes }).toEqual({ status: 78, writes: [] });
    expect(stderr).toContain(`key cert is for the key ${theirs}, but the private key is ${ours}`);
  });

  it.each<[string, () => Data, () => Data | undefined, number, string]>([
    [
      'another public key',
      () => ({ ...made, public: another.public! }),
      () => undefined,
      78,
      'key public is',
    ],
    [
      "another CA's public Secret",
      () => made,
      () => without(another, 'private', 'password'),
      78,
      'fulcio-pub-key key',
    ],
    [
      'a password that does not open it',
      () => ({ ...made, password: utf8('x') }),
      () => undefined,
      78,
      'does not open',
    ],
    ['no password', () => without(made, 'password'), () => undefined, 78, 'lacks password'],
    ['no certificate', () => without(made, 'cert', 'public'), () => undefined, 78, 'lacks cert'],
    [
      'an empty private key',
      () => ({ ...made, private: utf8('') }),
      () => undefined,
      78,
      'lacks private',
    ],
    [
      'nothing but a public key',
      () => ({ public: made.public! }),
      () => undefined,
      78,
      'lacks cert',
    ],
    ['a public Secret alone', () => ({}), () => published, 78, 'but the private key it belongs to'],
    [
      'a certificate of other bytes',
      () => ({ ...made, cert: utf8('hello') }),
      () => undefined,
      65,
      'key cert is not PEM',
    ],
    [
      'a key of other bytes',
      () => ({ ...made, private: utf8('hello') }),
      () => undefined,
      65,
      'key private is not PEM',
    ],
    ['a key in the public Secret', () => made, () => ({ cert: made.private! }), 65, 'private key'],
  ])('touches nothing where there is %s', async (_what, secret, shown, expected, message) => {
    const store = await holding(secret(), shown());
    const before = [await store.read(fulcioSecrets), await store.read(fulcioPublicKey)];
    const { status, stderr } = await run(store);
    expect([status, stderr]).toEqual([expected, expect.stringContaining(message)]);
    expect(stderr).toMatch(/Secret fulcio-system\/fulcio-/);
    expect(stderr).not.toContain('hello');
    expect([await store.read(fulcioSecrets), await store.read(fulcioPublicKey)]).toEqual(before);
  });

  it.each([
    [3_000, undefined],
    [3_630, 'warning: the certificate of O=Sigstand, CN=Sigstand Fulcio root expires at'],
    [3_700, 'warning: the certificate of O=Sigstand, CN=Sigstand Fulcio root expired at'],
  ])('after %i days says of the expiry: %s', async (days, warning) => {
    const now = () => new Date(Date.now() + days * 86_400_000);
    const { status, stderr } = await runJob(createCerts(), await holding(made, published), { now });
    expect(status).toBe(0);
    if (warning) expect(stderr).toContain(warning);
    else expect(stderr).not.toContain('warning');
  });
});

it('createcerts publishes no CA that has expired meanwhile', async () => {
  const now = () => new Date(Date.now() + 3_700 * 86_400_000);
  const store = await holding(made);
  const { status, stderr, writes } = await runJob(createCerts(), store, { now });
  expect({ status, writes }).toEqual({ status: 65, writes: [] });
  expect(stderr).toMatch(/fulcio-secrets key cert has a certificate, .*, that expired at /);
});

describe('createcerts, where the user brings a CA', () => {
  const codeSigning = 'extendedKeyUsage=codeSigning';
  const root = opensslCertificate({ subject: '/O=Corp/CN=Root', extensions: caExtensions });
  const issuing = (...extensions: string[]) =>
    opensslCertificate({
      subject: '/O=Corp/CN=Issuing',
      extensions: [...caExtensions, ...extensions],
      issuer: root,
    });
  const brought = ({ key }: Foreign, ...chain: Foreign[]): Data => ({
    private: openssl(['pkcs8', '-topk8', '-passout', 'pass:secret'], key),
    password: utf8('secret'),
    cert: Buffer.concat(chain.map(({ certificate }) => certificate)),
  });

  it('refuses a certificate that is no CA', async () => {
    const leaf = opensslCertificate({
      subject: '/CN=leaf',
      extensions: ['basicConstraints=critical,CA:FALSE'],
      issuer: root,
    });
    const { status, stderr, writes } = await run(await holding(brought(leaf, leaf, root)));
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toContain('key cert begins with a certificate that is not a CA');
  });

  it.each<[string, () => Data]>([
    ['a root', () => brought(root, root)],
    [
      'an intermediate with its root',
      () => {
        const ca = issuing(codeSigning);
        return brought(ca, ca, root);
      },
    ],
    [
      'an RSA root',
      () => {
        const rsa = opensslCertificate({
          subject: '/CN=RSA',
          extensions: caExtensions,
          key: ['-newkey', 'rsa:3072'],
        });
        return brought(rsa, rsa);
      },
    ],
    [
      'a key that is sealed as RFC 1423',
      () => ({
        ...brought(root, root),
        private: openssl(['ec', '-aes256', '-passout', 'pass:secret'], root.key),
      }),
    ],
  ])('keeps and publishes %s', async (_what, data) => {
    const secret = data();
    const store = await holding(secret);
    const { status, stderr } = await run(store);
    expect([status, stderr]).toEqual([0, expect.stringContaining("kept Fulcio's CA")]);
    const { public: key, ...rest } = await dataOf(store, fulcioSecrets);
    expect(
      Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, Buffer.from(value)])),
    ).toEqual(
      Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, Buffer.from(value)])),
    );
    const shown = await dataOf(store, fulcioPublicKey);
    expect(Buffer.from(shown.cert!)).toEqual(Buffer.from(secret.cert!));
    expect(shown.public).toEqual(key);
  });

  it.each<[string, () => Data, number, string]>([
    [
      'a chain root first',
      () => {
        const ca = issuing(codeSigning);
        return brought(ca, root, ca);
      },
      78,
      'is for the key',
    ],
    [
      'an intermediate without its root',
      () => {
        const ca = issuing(codeSigning);
        return brought(ca, ca);
      },
      65,
      'no self-signed root',
    ],
    [
      'an intermediate that may not sign for code',
      () => {
        const ca = issuing();
        return brought(ca, ca, root);
      },
      65,
      'without the extended key usage codeSigning',
    ],
    ['a root that comes twice', () => brought(root, root, root), 65, 'not in order'],
    [
      'a certificate that is not a CA',
      () => {
        const leaf = opensslCertificate({
          subject: '/CN=x',
          extensions: ['basicConstraints=CA:FALSE'],
        });
        return brought(leaf, leaf);
      },
      65,
      'not a CA',
    ],
    [
      'a weak key',
      () => {
        const weak = opensslCertificate({
          subject: '/CN=x',
          extensions: caExtensions,
          key: ['-newkey', 'rsa:1024'],
        });
        return brought(weak, weak);
      },
      65,
      'kind or length',
    ],
  ])('refuses %s', async (_what, data, expected, message) => {
    const store = await holding(data());
    const { status, stderr } = await run(store);
    expect([status, stderr]).toEqual([expected, expect.stringContaining(message)]);
    expect(await store.read(fulcioPublicKey)).toBeUndefined();
  });
});

describe('on a cluster, the namespace of the TUF repository', () => {
  const inCluster = '--store=kubernetes';

  it('is the standard one beside the standard one', async () => {
    expect(await run(memoryStore(), inCluster)).toMatchObject({ status: 0 });
  });

  it('must be given for another stack, whose clients trust other keys', async () => {
    const store = memoryStore();
    const { status, stderr } = await run(store, inCluster, '--namespace=stg-fulcio-system');
    expect([status, stderr]).toEqual([
      64,
      expect.stringContaining('--tuf-namespace must be given'),
    ]);
    expect(await store.read({ ...fulcioSecrets, namespace: 'stg-fulcio-system' })).toBeUndefined();
  });
});
