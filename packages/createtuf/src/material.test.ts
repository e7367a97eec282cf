import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@sigstand/pki/pem';
import type { Data } from '@sigstand/store/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  chainOf,
  hasChain,
  type Material,
  readMaterial,
  type Service,
  tsaForm,
} from './material.ts';
import { separateTargets } from './targets.ts';
import { inputs, put, runAt, stored, supplied, trust } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'createtuf-test-'));
const certificates: Record<string, Uint8Array> = {};
const caExtensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
const stamping = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=critical,timeStamping'];

/** root -> a -> b -> leaf, and leaves that are not for timestamps alone. */
beforeAll(() => {
  issue('root', undefined, caExtensions);
  issue('a', 'root', caExtensions);
  issue('b', 'a', caExtensions);
  issue('leaf', 'b', stamping);
  issue('mild', 'b', ['extendedKeyUsage=timeStamping']);
  issue('broad', 'b', ['extendedKeyUsage=critical,timeStamping,codeSigning']);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function issue(name: string, issuer: string | undefined, extensions: string[]): void {
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl(
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-out',
    `${name}.key`,
  );
  openssl(
    'req',
    '-new',
    '-key',
    `${name}.key`,
    '-subj',
    `/O=Test/CN=${name}`,
    '-out',
    `${name}.csr`,
  );
  writeFileSync(
    join(folder, 'extensions'),
    `${extensions.join('\n')}\nsubjectKeyIdentifier=hash\n`,
  );
  const by = issuer
    ? ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`, '-CAcreateserial']
    : ['-key', `${name}.key`];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...by,
    '-days',
    '3650',
    '-extfile',
    'extensions',
    '-out',
    `${name}.crt`,
  );
  certificates[name] = new Uint8Array(readFileSync(join(folder, `${name}.crt`)));
}

function bundle(...names: string[]): Uint8Array {
  return new Uint8Array(Buffer.concat(names.map((name) => certificates[name]!)));
}

function read(changes: Partial<Record<Service, Data>>): Material {
  const all = { ...inputs('first'), ...changes };
  const source = (input: Service) => ({ place: `Secret x/${input}`, data: all[input] });
  return readMaterial({
    fulcio: source('fulcio'),
    ctlog: source('ctlog'),
    rekor: source('rekor'),
    tsa: source('tsa'),
  });
}

describe("the TSA's chain", () => {
  it.each([
    ['one PEM text, leaf first', () => ({ 'cert-chain': bundle('leaf', 'b', 'a', 'root') })],
    [
      'one PEM text, in any order, with one twice',
      () => ({ 'cert-chain': bundle('a', 'leaf', 'root', 'b', 'a') }),
    ],
    ['separate files, numbered from the root', () => split({ 0: 'a', 1: 'b' })],
    ['separate files, numbered from the leaf', () => split({ 0: 'b', 1: 'a' })],
  ])('is read from %s', (_what, data) => {
    const { tsa } = read({ tsa: data() });
    const names = chainOf(tsa!).map(({ subject }) => subject);
    expect(names.map((name) => name?.split('CN=')[1])).toEqual(['leaf', 'b', 'a', 'root']);
  });

  it('is handed out with intermediate_0 signed by the root', () => {
    const material = read({ tsa: { 'cert-chain': bundle('leaf', 'b', 'a', 'root') } });
    const url = ['http://x'] as const;
    const none = { fulcio: url, rekor: url, ctlog: url, tsa: url, oidcIssuer: url, operator: '' };
    const files = Object.fromEntries(
      separateTargets(material, none).map(({ name, bytes }) => [name, bytes]),
    );
    expect(files['tsa_intermediate_0.crt.pem']).toEqual(certificates.a);
    expect(files['tsa_intermediate_1.crt.pem']).toEqual(certificates.b);
  });

  it.each([
    [
      'no leaf',
      () => ({ 'cert-chain': bundle('b', 'a', 'root') }),
      'has no certificate that signs timestamps',
    ],
    [
      'a leaf whose purpose is not critical',
      () => ({ 'cert-chain': bundle('mild', 'b', 'a', 'root') }),
      'alone and critical',
    ],
    [
      'a leaf with a second purpose',
      () => ({ 'cert-chain': bundle('broad', 'b', 'a', 'root') }),
      'alone and critical',
    ],
    [
      'a missing link',
      () => ({ 'cert-chain': bundle('leaf', 'a', 'root') }),
      'has a certificate that no other',
    ],
    [
      'a gap in the numbers',
      () => split({ 0: 'a', 2: 'b' }),
      'has no key tsa_intermediate_1.crt.pem',
    ],
    [
      'a name that is not known',
      () => ({ ...split({}), 'tsa_intermediate.pem': certificates.a! }),
      'has the key tsa_intermediate.pem',
    ],
    [
      'a private key beside it',
      () => ({ 'cert-chain': bundle('leaf', 'b', 'a', 'root'), 'signing-secret': utf8('x') }),
      'has the key signing-secret',
    ],
    ['a private key among it', () => ({ 'cert-chain': utf8(privatePem()) }), 'holds a private key'],
    [
      'garbage',
      () => ({ 'cert-chain': utf8('hunter2') }),
      'Secret x/tsa key cert-chain is not PEM',
    ],
  ])('is refused with %s', (_what, data, message) => {
    expect(() => read({ tsa: data() })).toThrow(message);
  });

  it('is complete with root and leaf, where it comes in separate files', () => {
    expect(hasChain({ 'tsa_root.crt.pem': certificates.root! }, tsaForm)).toBe(false);
    expect(hasChain(split({}), tsaForm)).toBe(true);
  });
});

describe("Fulcio's chain", () => {
  it('may have intermediates, which get the name that older clients know', async () => {
    const store = await supplied();
    const pem = bundle('b', 'root', 'a');
    await store.write(
      { kind: 'Secret', namespace: 'tuf-system', name: 'own' },
      { data: { cert: pem } },
    );
    await runAt(store, '2030-01-01T00:00:00Z', ['--fulcio-secret=own']);
    const repository = await stored(store);
    const names = Object.keys(repository.targets.targets).filter((name) =>
      name.startsWith('fulcio'),
    );
    expect(names).toEqual([
      'fulcio_v1.crt.pem',
      'fulcio_intermediate_v1.crt.pem',
      'fulcio_intermediate_v1_1.crt.pem',
    ]);
    const [authority] = trust(repository).certificateAuthorities;
    expect(authority?.certChain?.certificates).toHaveLength(3);
    expect(authority?.subject).toEqual({ organization: 'Test', commonName: 'root' });
  });

  it('is refused with a certificate that is no CA below it', () => {
    expect(() => read({ fulcio: { cert: bundle('leaf', 'b', 'a', 'root') } })).toThrow(
      "below Fulcio's CA",
    );
  });

  it('must be for the public key beside it', () => {
    const data = { ...inputs('first').fulcio, public: inputs('second').fulcio.public! };
    expect(() => read({ fulcio: data })).toThrow(
      /key public is [0-9a-f]{64}, but its certificate is for/,
    );
  });

  it('is not published where it has expired already', async () => {
    const { status, stderr, writes } = await runAt(await supplied(), '2127-01-01T00:00:00Z');
    expect({ status, writes }).toEqual({ status: 65, writes: [] });
    expect(stderr).toMatch(
      /Secret tuf-system\/fulcio-pub-key has a certificate, .*expired at 2126-/,
    );
  });

  it('does not keep the rest from being signed when it expires later', async () => {
    const store = await supplied();
    await runAt(store, '2126-01-01T00:00:00Z');
    const { status, stderr } = await runAt(store, '2127-01-01T00:00:00Z');
    expect(status).toBe(0);
    expect(stderr).toContain('warning: the certificate of O=Example, CN=Fulcio expired at 2126-');
  });
});

describe("a log's key", () => {
  it.each([
    ['P-256', 'PKIX_ECDSA_P256_SHA_256'],
    ['P-384', 'PKIX_ECDSA_P384_SHA_384'],
    ['P-521', 'PKIX_ECDSA_P521_SHA_512'],
    ['rsa2048', 'PKIX_RSA_PKCS1V15_2048_SHA256'],
    ['rsa4096', 'PKIX_RSA_PKCS1V15_4096_SHA256'],
    ['ed25519', 'PKIX_ED25519'],
  ])('of kind %s is %s to clients', async (kind, details) => {
    const store = await supplied();
    await put(store, { rekor: { public: utf8(publicPem(kind)) } });
    await runAt(store, '2030-01-01T00:00:00Z');
    const repository = await stored(store);
    const { tlogs } = JSON.parse(
      Buffer.from(
        Object.entries(repository.files).find(([name]) => name.endsWith('trusted_root.json'))![1],
      ).toString(),
    );
    expect(tlogs[0].publicKey.keyDetails).toBe(details);
  });

  it.each([
    ['a curve that no client knows', publicPem('P-224'), 'of a kind or length'],
    ['a short RSA modulus', publicPem('rsa1024'), 'of a kind or length'],
    ['a private key', privatePem(), 'holds a private key'],
    ['nothing but white space', ' \n', 'is empty'],
  ])('is refused where it is %s', (_what, text, message) => {
    expect(() => read({ rekor: { public: utf8(text) } })).toThrow(message);
    expect(() => read({ rekor: { public: utf8(text) } })).toThrow('Secret x/rekor key public');
  });
});

function split(intermediates: Record<number, string>): Data {
  return {
    'tsa_root.crt.pem': certificates.root!,
    'tsa_leaf.crt.pem': certificates.leaf!,
    ...Object.fromEntries(
      Object.entries(intermediates).map(([number, name]) => [
        `tsa_intermediate_${number}.crt.pem`,
        certificates[name]!,
      ]),
    ),
  };
}

function publicPem(kind: string): string {
  return pair(kind).publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function privatePem(): string {
  return pair('P-256').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function pair(kind: string) {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind.startsWith('P-')) return generateKeyPairSync('ec', { namedCurve: kind });
  return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(3)) });
}
