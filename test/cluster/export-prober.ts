import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { tokenOf } from './cosign.ts';
import type { Exported } from './export-stack.ts';

interface SigningConfig {
  readonly caUrls: readonly { readonly url: string }[];
  readonly rekorTlogUrls: readonly { readonly url: string }[];
  readonly tsaUrls: readonly { readonly url: string }[];
}

/**
 * What Sigstore's own prober asks of a stack (`cmd/prober` of sigstore/scaffolding v0.7.31): each endpoint that it reads,
 * and both forms in which it asks Fulcio for a certificate. `npm run test:foreign` runs the prober itself.
 */
export function describeProber(of: () => Exported): void {
  let urls = { fulcio: '', rekor: '', tsa: '' };
  beforeAll(async () => {
    const config: SigningConfig = JSON.parse(await of().text('signing_config.v0.2.json'));
    urls = {
      fulcio: config.caUrls[0]?.url ?? '',
      rekor: config.rekorTlogUrls[0]?.url ?? '',
      tsa: config.tsaUrls[0]?.url ?? '',
    };
  });

  /** The body of a request's answer, which must be a success. */
  const ask = (url: string, args: readonly string[] = [], env = {}) =>
    of().cluster.mustExec(['curl', '--silent', '--show-error', '--fail', ...args, url], { env });
  const post = (url: string, body: object) =>
    ask(url, ['--json', JSON.stringify(body), '--header', 'Accept: application/json']);

  it.each([
    ['/api/v1/rootCert', 'application/pem-certificate-chain', 'BEGIN CERTIFICATE'],
    ['/api/v2/configuration', 'application/json', '"issuers"'],
    ['/api/v2/trustBundle', 'application/json', '"chains"'],
  ])('Fulcio answers %s', async (path, type, holds) => {
    expect(await ask(urls.fulcio + path, ['--header', `Accept: ${type}`])).toContain(holds);
  });

  it('Rekor answers for its key, its tree, a proof and the entries by index and by UUID', async () => {
    const log = `${urls.rekor}/api/v1/log`;
    const pem = ['--header', 'Accept: application/x-pem-file'];
    expect(await ask(`${log}/publicKey`, pem)).toContain('BEGIN PUBLIC KEY');
    const { treeSize }: { treeSize: number } = JSON.parse(await ask(log));
    expect(treeSize).toBeGreaterThan(1);
    const proof = await ask(`${log}/proof?firstSize=1&lastSize=${treeSize}`);
    expect(JSON.parse(proof)).toMatchObject({ rootHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const first = JSON.parse(await ask(`${log}/entries?logIndex=0`));
    const [uuid = ''] = Object.keys(first);
    expect(Object.keys(JSON.parse(await ask(`${log}/entries/${uuid}`)))).toEqual([uuid]);
  });

  it('Rekor answers a search for what is not there by nothing', async () => {
    const hash = `sha256:${randomBytes(32).toString('hex')}`;
    expect(JSON.parse(await post(`${urls.rekor}/api/v1/index/retrieve`, { hash }))).toEqual([]);
    expect(JSON.parse(await post(`${urls.rekor}/api/v1/log/entries/retrieve`, { hash }))).toEqual(
      [],
    );
  });

  it('the timestamp authority answers a query of plain DER', async () => {
    const digest = createHash('sha256').update('prober').digest('base64');
    // RFC 3161 §2.4.1: version 1, SHA-256 and the hash, and a wish for the certificates.
    const head = Buffer.from('30390201013031300d060960864801650304020105000420', 'hex');
    const query = Buffer.concat([
      head,
      Buffer.from(digest, 'base64'),
      Buffer.from('0101ff', 'hex'),
    ]);
    const shell =
      `echo ${query.toString('base64')} | base64 -d | curl -sSf --data-binary @- ` +
      `-H 'Content-Type: application/timestamp-query' ${urls.tsa} | ` +
      'openssl ts -reply -in /dev/stdin -text';
    expect(await of().cluster.mustExec(['bash', '-c', shell])).toContain('Status: Granted.');
  });

  it.each(['/api/v2/signingCert', '/api/v1/signingCert'])(
    'Fulcio certifies a key over %s, with its chain',
    async (path) => {
      const { cluster } = of();
      const account = `prober-${path.split('/')[2]}`;
      await cluster.kubectl('create', 'serviceaccount', account, '-n', 'default');
      const { SIGSTORE_ID_TOKEN: token } = await tokenOf(cluster, account);
      const body = certificateRequest(path, token);
      // The token goes by the environment, not by an argument that every process sees.
      const script = `curl -sSf -H @<(echo "Authorization: Bearer $TOKEN") --json "$BODY" ${urls.fulcio}${path}`;
      const answer = await cluster.mustExec(['bash', '-c', script], {
        env: { TOKEN: token, BODY: JSON.stringify(body) },
      });
      const certificates = pemsIn(answer);
      expect(certificates).toHaveLength(2);
      const [leaf, root] = certificates.map((pem) => new X509Certificate(pem));
      expect(leaf?.verify(root!.publicKey)).toBe(true);
      expect(leaf?.subjectAltName).toContain(`serviceaccounts/${account}`);
    },
  );
}

/** Fulcio's request in its second and in its first form; the key's owner signs the token's subject. */
function certificateRequest(path: string, token: string): object {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const proof = sign('sha256', Buffer.from(claims.sub), privateKey).toString('base64');
  return path.startsWith('/api/v2')
    ? { publicKeyRequest: { publicKey: { content: pem }, proofOfPossession: proof } }
    : { publicKey: { content: Buffer.from(pem).toString('base64') }, signedEmailAddress: proof };
}

/** The certificates of an answer, plain or within JSON. */
function pemsIn(answer: string): string[] {
  const text = answer.replaceAll('\\n', '\n');
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
