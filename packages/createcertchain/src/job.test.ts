import type { X509Certificate } from 'node:crypto';
import { tsaCertChain } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { parseCertificates } from '@sigstand/pki/chain';
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
import type { Data, Store } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCertChain } from './job.ts';

const run = (store: Store, ...args: string[]) => runJob(createCertChain(), store, { args });
const dataOf = async (store: Store) => (await store.read(tsaCertChain))?.data ?? {};

async function made(...args: string[]): Promise<Data> {
  const store = memoryStore();
  expect(await run(store, ...args)).toMatchObject({ status: 0 });
  return dataOf(store);
}

async function holding(data: Data): Promise<Store> {
  const store = memoryStore();
  await store.write(tsaCertChain, { data });
  return store;
}

const certificatesOf = (data: Data) => parseCertificates(data['cert-chain']!);
const text = (certificate: X509Certificate) =>
  openssl(['x509', '-noout', '-text'], Buffer.from(certificate.toString())).toString();

function verify(certificates: readonly X509Certificate[]): string {
  const [leaf, ...rest] = certificates.map(String);
  const files = { leaf: leaf!, rest: rest.join(''), root: rest.at(-1)! };
  return withFiles(files, (path) =>
    openssl([
      ...['verify', '-x509_strict', '-purpose', 'timestampsign', '-CAfile', path('root')],
      ...['-untrusted', path('rest'), path('leaf')],
    ]).toString(),
  );
}

let first: Data;
let second: Data;
beforeAll(async () => {
  first = await made();
  second = await made();
});

describe('createcertchain, where there is nothing yet', () => {
  it.each([
    [0, 'p256'],
    [1, 'p384'],
    [3, 'p256'],
    [10, 'p384'],
  ])('makes a chain of %i intermediates on %s that openssl verifies', async (count, curve) => {
    const data = await made(`--intermediates=${count}`, `--key-type=${curve}`);
    const certificates = certificatesOf(data);
    expect(certificates).toHaveLength(count + 2);
    expect(verify(certificates)).toContain('OK');
    for (const certificate of certificates) {
      expect(text(certificate)).toContain(
        curve === 'p256' ? 'ecdsa-with-SHA256' : 'ecdsa-with-SHA384',
      );
    }
  });

  it('writes leaf, intermediate and root, each with the extensions of its role', () => {
    const [leaf = '', intermediate = '', root = ''] = certificatesOf(first).map(text);
    expect(leaf).toMatch(/Subject: O = Sigstand, CN = Sigstand TSA\n/);
    expect(leaf).toMatch(/Extended Key Usage: critical\n +Time Stamping\n/);
    expect(leaf).toMatch(/Key Usage: critical\n +Digital Signature\n/);
    expect(leaf).toContain('CA:FALSE');
    expect(intermediate).toMatch(/Subject: O = Sigstand, CN = Sigstand TSA intermediate\n/);
    expect(intermediate).toMatch(/Extended Key Usage: ?\n +Time Stamping\n/);
    expect(intermediate).toContain('CA:TRUE, pathlen:0');
    expect(root).toMatch(/Subject: O = Sigstand, CN = Sigstand TSA root\n/);
    expect(root).not.toContain('Extended Key Usage');
    const serials = [leaf, intermediate, root].map(
      (one) => /Serial Number:\s+(\S+)/.exec(one)?.[1],
    );
    expect(new Set(serials).size).toBe(3);
    expect(root).toContain('CA:TRUE, pathlen:1');
  });

  it('numbers intermediates from the root, under the names that the flags give', async () => {
    const flags = ['--intermediates=2', '--cert-common-name=Clock', '--cert-organization='];
    const subjects = certificatesOf(await made(...flags)).map(({ subject }) => subject);
    expect(subjects).toEqual([
      'CN=Clock',
      'CN=Clock intermediate 1',
      'CN=Clock intermediate 0',
      'CN=Clock root',
    ]);
  });

  it('lets no certificate outlive its issuer, and the leaf less than it', () => {
    const [leaf, ...authorities] = certificatesOf(first);
    const years = (certificate: X509Certificate) =>
      (certificate.validToDate.getTime() - Date.now()) / (365 * 86_400_000);
    expect(years(leaf!)).toBeCloseTo(9, 2);
    for (const authority of authorities) expect(years(authority)).toBeCloseTo(10, 2);
    for (const { validFromDate } of certificatesOf(first)) {
      expect(Date.now() - validFromDate.getTime()).toBeGreaterThan(5 * 60_000);
    }
  });

  it('keeps the key of the leaf alone, sealed under the password beside it', () => {
    expect(Object.keys(first).sort()).toEqual([...tsaCertChain.keys].sort());
    const password = `pass:${fromUtf8(first['signing-secret-password']!)}`;
    const key = openssl(['pkey', '-passin', password, '-pubout'], first['signing-secret']);
    const [leaf] = certificatesOf(first);
    expect(leaf?.publicKey.export({ type: 'spki', format: 'pem' })).toBe(key.toString());
    expect(fromUtf8(first['signing-secret']!)).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  });

  it('writes once, and ends with one chain where two run at once', async () => {
    const requests: string[] = [];
    await run(recording(memoryStore(), (request) => requests.push(showRequest(request))));
    expect(requests.filter((request) => request.startsWith('patch'))).toHaveLength(1);
    const store = memoryStore();
    const results = await Promise.all([run(store), run(store)]);
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    expect((await run(store)).stderr).toContain('kept');
  });

  it.each([
    ['--intermediates=11', 'from 0 to 10'],
    ['--intermediates=-1', 'from 0 to 10'],
    ['--intermediates=1.5', 'from 0 to 10'],
    ['--key-type=ed25519', 'Allowed choices are p256, p384'],
    ['--lifetime=0s', 'at least a minute'],
    ['--cert-common-name=', '1 to 48'],
    [`--cert-common-name=${'x'.repeat(49)}`, '1 to 48'],
  ])('refuses %s and writes nothing', async (arg, message) => {
    const store = memoryStore();
    const { status, stderr } = await run(store, arg);
    expect([status, stderr]).toEqual([64, expect.stringContaining(message)]);
    expect(await store.read(tsaCertChain)).toBeUndefined();
  });
});

describe('createcertchain, where something is there', () => {
  it('only reads when it runs a second time', async () => {
    const requests: string[] = [];
    const store = recording(await holding(first), (request) => requests.push(showRequest(request)));
    const { status, stderr } = await run(store, '--intermediates=3');
    expect(status).toBe(0);
    expect(stderr).toContain(
      "kept the timestamp authority's chain in Secret tsa-system/tsa-cert-chain",
    );
    expect(stderr).toContain(certificatesOf(first)[0]?.fingerprint256);
    expect(requests).toEqual(['get Secret tsa-system/tsa-cert-chain']);
  });

  it.each(tsaCertChain.keys)('makes nothing beside a Secret that lacks %s', async (key) => {
    const store = await holding({ ...first, [key]: utf8('') });
    const { status, stderr } = await run(store);
    expect([status, stderr]).toEqual([78, expect.stringContaining(`lacks ${key}`)]);
    expect((await dataOf(store))[key]).toEqual(utf8(''));
  });

  const inOrder = (...order: number[]) => ({
    ...first,
    'cert-chain': utf8(order.map((index) => certificatesOf(first)[index]).join('')),
  });

  it.each<[string, () => Data, number, string]>([
    [
      'the chain of another key',
      () => ({ ...first, 'cert-chain': second['cert-chain']! }),
      78,
      'is for the key',
    ],
    [
      'another password',
      () => ({ ...first, 'signing-secret-password': utf8('x') }),
      78,
      'does not open',
    ],
    ['a key that is none', () => ({ ...first, 'signing-secret': utf8('hello') }), 65, 'is not PEM'],
    ['a chain that is none', () => ({ ...first, 'cert-chain': utf8('hello') }), 65, 'is not PEM'],
    ['a chain root first', () => inOrder(2, 1, 0), 65, 'is not in order'],
    ['a chain with a certificate twice', () => inOrder(0, 1, 1, 2), 65, 'is not in order'],
    ['a chain without its root', () => inOrder(0, 1), 65, 'no self-signed root'],
    ['a chain without its leaf', () => inOrder(1, 2), 65, 'has no leaf'],
    ['a chain without a link', () => inOrder(0, 2), 65, 'that no other in it signed'],
    [
      'a chain with the key in it',
      () => ({
        ...first,
        'cert-chain': Buffer.concat([first['cert-chain']!, first['signing-secret']!]),
      }),
      65,
      'holds a private key',
    ],
  ])('touches nothing where there is %s', async (_what, data, expected, message) => {
    const store = await holding(data());
    const before = await store.read(tsaCertChain);
    const { status, stderr } = await run(store);
    expect([status, stderr]).toEqual([expected, expect.stringContaining(message)]);
    expect(stderr).toContain('Secret tsa-system/tsa-cert-chain');
    expect(stderr).not.toContain('hello');
    expect(await store.read(tsaCertChain)).toEqual(before);
  });

  it('warns of the leaf that expires first, and goes on', async () => {
    const now = () => new Date(Date.now() + (9 * 365 - 10) * 86_400_000);
    const { status, stderr } = await runJob(createCertChain(), await holding(first), { now });
    expect(status).toBe(0);
    expect(stderr.match(/warning: .*/g)).toEqual([
      expect.stringMatching(/CN=Sigstand TSA expires at .*, in (9|10) days/),
    ]);
  });
});

describe('createcertchain, where the user brings a chain', () => {
  const usage = 'extendedKeyUsage=critical,timeStamping';
  const root = opensslCertificate({ subject: '/CN=Corp root', extensions: caExtensions });
  const below = (issuer: Foreign, ...extensions: string[]) =>
    opensslCertificate({ subject: `/CN=${extensions.length}`, extensions, issuer });
  const brought = (...chain: [Foreign, ...Foreign[]]): Data => ({
    'cert-chain': Buffer.concat(chain.map(({ certificate }) => certificate)),
    'signing-secret': openssl(['pkcs8', '-topk8', '-passout', 'pass:secret'], chain[0].key),
    'signing-secret-password': utf8('secret'),
  });

  it('refuses it once it has expired', async () => {
    const now = () => new Date(Date.now() + 3_700 * 86_400_000);
    const store = await holding(brought(below(root, usage), root));
    const { status, stderr, writes } = await runJob(createCertChain(), store, { now });
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toMatch(/tsa-cert-chain key cert-chain has a certificate, .*, that expired at /);
  });

  it('keeps it as it is', async () => {
    const middle = below(root, ...caExtensions, 'extendedKeyUsage=timeStamping');
    const data = brought(below(middle, usage), middle, root);
    const store = await holding(data);
    expect(await run(store)).toMatchObject({ status: 0 });
    expect(Buffer.from((await dataOf(store))['cert-chain']!)).toEqual(data['cert-chain']);
  });

  it.each<[string, () => Data, string]>([
    [
      'a leaf whose usage is not critical',
      () => brought(below(root, 'extendedKeyUsage=timeStamping'), root),
      'alone and critical',
    ],
    [
      'a leaf with two usages',
      () => brought(below(root, `${usage},codeSigning`), root),
      'alone and critical',
    ],
    [
      'a leaf without usage',
      () => brought(below(root, 'keyUsage=digitalSignature'), root),
      'alone and critical',
    ],
    [
      'an intermediate without usage',
      () => {
        const middle = below(root, ...caExtensions);
        return brought(below(middle, usage), middle, root);
      },
      'has an intermediate without',
    ],
    ['a root alone', () => brought(root), 'has no leaf'],
  ])('refuses %s', async (_what, data, message) => {
    const { status, stderr, writes } = await run(await holding(data()));
    expect([status, stderr]).toEqual([65, expect.stringContaining(message)]);
    expect(writes).toEqual([]);
  });
});
