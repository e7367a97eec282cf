import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fulcioPublicKey, fulcioSecrets } from '@sigstand/contracts/records';
import { createCerts } from '@sigstand/createcerts/job';
import { runJob } from '@sigstand/job/testing';
import { certificatePem, orderChain, parseCertificates } from '@sigstand/pki/chain';
import { utf8 } from '@sigstand/pki/pem';
import {
  caExtensions,
  type Foreign,
  openssl,
  opensslCertificate,
  withFiles,
} from '@sigstand/pki/testing';
import { directoryStore } from '@sigstand/store/directory';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFulcio } from '../programs/fulcio.ts';
import { freePort, type Server } from '../programs/server.ts';

const email = 'somebody@example.com';

let issuer: Awaited<ReturnType<typeof startIssuer>>;
let folder: string;
let fulcio: Server | undefined;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-fulcio-'));
});
afterEach(async () => {
  await fulcio?.stop();
  fulcio = undefined;
  await rm(folder, { recursive: true });
});

const secret = (key: string) => join(folder, 'fulcio-system/Secret/fulcio-secrets', key);
const runOn = (...args: string[]) => runJob(createCerts(), directoryStore(folder), { args });

/** Starts Fulcio on what is in the Secret, as the manifest does; resolves to its URL. */
async function serve(): Promise<string> {
  const trusted = { IssuerURL: issuer.url, ClientID: 'sigstore', Type: 'email' };
  const ca = {
    cert: await readFile(secret('cert')),
    private: await readFile(secret('private')),
    password: await readFile(secret('password'), 'utf8'),
  };
  const started = await startFulcio(ca, { OIDCIssuers: { [issuer.url]: trusted } });
  fulcio = started;
  return `http://127.0.0.1:${started.port}`;
}

/** A signing certificate for an identity that the issuer vouches for, and the chain above it. */
async function signingCertificate(url: string): Promise<string[]> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const response = await fetch(`${url}/api/v2/signingCert`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      credentials: { oidcIdentityToken: issuer.token() },
      publicKeyRequest: {
        publicKey: {
          algorithm: 'ECDSA',
          content: publicKey.export({ type: 'spki', format: 'pem' }),
        },
        proofOfPossession: createSign('sha256').update(email).sign(privateKey, 'base64'),
      },
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`fulcio answered ${text}; its log:\n${fulcio?.log()}`);
  const body: Record<string, { chain: { certificates: string[] } }> = JSON.parse(text);
  return body.signedCertificateDetachedSct?.chain.certificates ?? [];
}

/** What openssl says of a signing certificate, with the published root as its only trust. */
async function verified(certificates: readonly string[]): Promise<string> {
  const published = (await directoryStore(folder).read(fulcioPublicKey))!.data.cert!;
  const { root } = orderChain(parseCertificates(published));
  const files = {
    leaf: certificates[0]!,
    untrusted: certificates.join('\n'),
    root: certificatePem(root),
  };
  return withFiles(files, (path) =>
    openssl([
      ...['verify', '-x509_strict', '-purpose', 'any', '-CAfile', path('root')],
      ...['-untrusted', path('untrusted'), path('leaf')],
    ]).toString(),
  );
}

async function issuesUnderPublishedRoot(): Promise<void> {
  const url = await serve();
  const bundle = (await (await fetch(`${url}/api/v2/trustBundle`)).json()) as {
    chains: { certificates: string[] }[];
  };
  const stored = parseCertificates(await readFile(secret('cert'))).map(String);
  expect(bundle.chains.map(({ certificates }) => certificates)).toEqual([stored]);
  const issued = await signingCertificate(url);
  expect(await verified(issued)).toContain('OK');
}

describe('fulcio', () => {
  it.each(['p256', 'p384'])('issues certificates under the root on %s', async (curve) => {
    expect(await runOn(`--curve-type=${curve}`)).toMatchObject({ status: 0 });
    await issuesUnderPublishedRoot();
  });

  it('issues under a root whose name has all of its attributes', async () => {
    const flags = ['--cert-country=DE', '--cert-province=Bayern', '--cert-locality=München'];
    const rest = [
      '--cert-address=Straße 1, "Hof"',
      '--cert-postal=80331',
      '--cert-organization=#1',
    ];
    expect(await runOn(...flags, ...rest)).toMatchObject({ status: 0 });
    await issuesUnderPublishedRoot();
  });

  const root = opensslCertificate({ subject: '/CN=Corp root', extensions: caExtensions });

  it.each<[string, () => Foreign[]]>([
    ['a root', () => [root]],
    [
      'an intermediate and its root',
      () => [
        opensslCertificate({
          subject: '/CN=Corp issuing',
          extensions: [...caExtensions, 'extendedKeyUsage=codeSigning'],
          issuer: root,
        }),
        root,
      ],
    ],
  ])('issues under %s that a user brought and createcerts accepts', async (_what, chain) => {
    const all = chain();
    const data = {
      cert: Buffer.concat(all.map(({ certificate }) => certificate)),
      private: openssl(['pkcs8', '-topk8', '-passout', 'pass:brought'], all[0]!.key),
      password: utf8('brought'),
    };
    await directoryStore(folder).write(fulcioSecrets, { data });
    expect(await runOn()).toMatchObject({ status: 0 });
    await issuesUnderPublishedRoot();
  });
});

describe('fulcio, with a key that is not sealed', () => {
  const root = opensslCertificate({ subject: '/CN=Corp root', extensions: caExtensions });
  const data = { cert: root.certificate, private: root.key };

  it('issues under it with the password that createcerts adds', async () => {
    await directoryStore(folder).write(fulcioSecrets, { data });
    expect(await runOn()).toMatchObject({ status: 0 });
    expect(await readFile(secret('private'))).toEqual(root.key);
    await issuesUnderPublishedRoot();
  });

  it('does not start with an empty password, which is why one is added', async () => {
    const ca = { ...data, password: '' };
    await expect(startFulcio(ca)).rejects.toThrow('fileca-key-passwd must be set');
  });
});

/** An OpenID Connect issuer with one key, as far as Fulcio asks it. */
async function startIssuer() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };
  const pages: Record<string, object> = {
    '/.well-known/openid-configuration': {
      issuer: url,
      jwks_uri: `${url}/keys`,
      authorization_endpoint: `${url}/auth`,
      token_endpoint: `${url}/token`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    },
    '/keys': { keys: [key] },
  };
  const server = createServer(({ url: path = '' }, response) => {
    response.writeHead(pages[path] ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(pages[path] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { url, stop, token: () => idToken(url, privateKey) };
}

function idToken(issuerUrl: string, privateKey: KeyObject): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: issuerUrl,
    sub: 'somebody',
    aud: 'sigstore',
    email,
    email_verified: true,
    iat: now,
    exp: now + 600,
  };
  const signed = [{ alg: 'RS256', kid: 'one' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`;
}
