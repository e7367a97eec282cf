import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { certificate } from '../chart/certificate.ts';
import { issuers } from '../chart/issuers.ts';
import { rendered } from '../chart/sets.ts';
import { startReaders } from '../programs/readers.ts';
import { type Manifest, objectsIn } from '../stack.ts';

/* Issuers of the values, as Fulcio's own reader takes them. */

const page = readFileSync(join(import.meta.dirname, '../../docs/issuers.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
  .map(([, text]) => parse(text!) as Record<string, unknown>)
  .filter((values) => 'fulcio' in values) as { fulcio: { issuers: { type: string }[] } }[];

const readers = startReaders();
afterAll(() => readers.stop());

/** What becomes of values: objects, and the configuration as find-issuer fills it in. */
async function made(values: object): Promise<{ objects: Manifest[]; config: string }> {
  const { status, stdout, stderr } = await rendered(values);
  if (status !== 0) throw new Error(stderr);
  const objects = objectsIn(stdout, 'issuers');
  const { data } = objects.find(({ metadata }) => metadata.name === 'fulcio-config')!;
  const config: string = data['config.yaml'];
  return {
    objects,
    config: config.replaceAll('CLUSTER_ISSUER', 'https://kubernetes.default.svc.cluster.local'),
  };
}

const read = (config: string) =>
  readers.ask('fulcio-config', { 'config.yaml': Buffer.from(config) });
const one = (url: string, type: string, more = {}) => ({ url, type, ...more });
const fulcioOf = (objects: Manifest[]) =>
  objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'fulcio')!.spec
    .template;
const told = (objects: Manifest[]) =>
  objects.find(({ metadata }) => metadata.name === 'createtuf-settings')!.data
    .CREATETUF_OIDC_ISSUER;

describe('docs/issuers.md', () => {
  it('has values for an issuer of each type', () => {
    const types = new Set(blocks.flatMap(({ fulcio }) => fulcio.issuers.map(({ type }) => type)));
    expect([...types].sort()).toEqual([...new Set(issuers.map(({ type }) => type))].sort());
  });

  it.each(blocks)('has values of which Fulcio takes what comes: %j', async (values) => {
    const { config } = await made(values);
    for (const issuer of values.fulcio.issuers) expect(config).toContain(Object.values(issuer)[0]);
    expect(await read(config)).toEqual({ accepted: true });
  });
});

describe("Fulcio's reader", () => {
  it('takes what comes of the defaults, and of an issuer of each type', async () => {
    expect(await read((await made({})).config)).toEqual({ accepted: true });
    const { config } = await made({ fulcio: { issuers } });
    expect(await read(config)).toEqual({ accepted: true });
    expect(Object.keys(parse(config)['oidc-issuers'])).toHaveLength(issuers.length);
    expect(Object.keys(parse(config)['meta-issuers'])).toHaveLength(2);
  });

  // Each of them would pass by a reader that takes everything.
  it.each([
    [/no such type/, { type: 'no such type' }, /missing challenge claim|of 1 issuers/],
    [/spiffe/, { type: 'spiffe' }, /must have SPIFFETrustDomain/],
    [/uri/, { type: 'uri', 'subject-domain': 'https://example.org' }, /domains do not match/],
    [/ci/, { type: 'ci-provider', 'ci-provider': 'nobody' }, /is not said/],
    [/ca/, { type: 'email', 'ca-cert': 'ca.pem' }, /failed to parse CA certificate/],
    [/claim/, { type: 'uri', 'issuer-claim': '$.a' }, /only email issuers/],
  ])('refuses what the schema refuses: %s', async (_, issuer, why) => {
    const url = 'https://a.example.com';
    const config = { 'oidc-issuers': { [url]: { 'issuer-url': url, ...issuer } } };
    const answer = await read(stringify(config));
    expect(answer).toMatchObject({ accepted: false, why: expect.stringMatching(why) });
  });

  it('takes all that the chart takes', async () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
    const domain = fc.tuple(label, label).map((labels) => `${labels.join('.')}.example`);
    const text = fc.stringMatching(/^[!-z|~][ -z|~]{0,39}$/);
    const template = fc.oneof(
      text,
      fc.tuple(text, label).map(([before, name]) => `${before}{{ .${name} }}`),
      fc.tuple(text, label).map(([before, name]) => `${before}{{index . "${name}/x"}}`),
    );
    const types = fc.oneof(
      fc.record(
        {
          type: fc.constant('email'),
          unverified: fc.boolean(),
          issuerClaim: label.map((name) => `$.${name}`),
        },
        { requiredKeys: ['type'] },
      ),
      fc.record({ type: fc.constantFrom('github-actions', 'gitlab') }),
      fc.record({ type: fc.constant('kubernetes') }),
      fc.record({
        type: fc.constant('spiffe'),
        trustDomain: fc.stringMatching(/^[a-z0-9._-]{1,30}$/),
      }),
      fc.record({ type: fc.constantFrom('uri', 'username') }),
      fc.record(
        {
          type: fc.constant('ci'),
          subject: template,
          defaults: fc.dictionary(label, fc.string({ maxLength: 20 })),
          extensions: fc.record({ 'build-trigger': template }, { requiredKeys: [] }),
        },
        { requiredKeys: ['type', 'subject'] },
      ),
    );
    const path = fc.stringMatching(/^(\/[A-Za-z0-9._~:@!$&()+,;=-]{0,8}){0,3}$/);
    const issuer = fc
      .tuple(domain, fc.integer({ min: 1, max: 65_535 }), path, types, fc.boolean())
      .map(([host, port, rest, type, withCa]) => ({
        url: `https://${host}${port % 2 ? `:${port}` : ''}${rest}`,
        ...type,
        ...(type.type === 'uri' && { subjectDomain: `https://a.${host}` }),
        ...(type.type === 'username' && { subjectDomain: host }),
        ...(withCa && { ca: certificate, clientId: host }),
      }));
    const list = fc.uniqueArray(issuer, {
      selector: ({ url }) => url,
      minLength: 20,
      maxLength: 50,
    });
    await fc.assert(
      fc.asyncProperty(list, async (all) => {
        const { objects, config } = await made({ fulcio: { issuers: all } });
        const { accepted, why } = await read(config);
        expect({ accepted, why }).toEqual({ accepted: true });
        const { 'oidc-issuers': own, 'meta-issuers': others } = parse(config);
        expect([...Object.keys(own), ...Object.keys(others)]).toEqual(
          expect.arrayContaining(all.map(({ url }) => url)),
        );
        const email = all.find(({ type }) => type === 'email');
        expect(told(objects)).toBe(email?.url ?? 'https://kubernetes.default.svc');
      }),
      // What is found is many issuers long, and a shorter one costs a render for each try.
      { numRuns: 10, endOnFailure: true },
    );
  });
});

describe('issuers', () => {
  it('leave this cluster’s CA out of what another cluster is trusted by', async () => {
    const { config } = await made({ fulcio: { issuers } });
    const { 'oidc-issuers': own, 'meta-issuers': others } = parse(config);
    const url = 'https://10.0.0.1:6443';
    expect(own[url]).toBeUndefined();
    expect(others[url]['ca-cert']).toBe(certificate);
  });

  it('roll Fulcio where they change, and where nothing else does', async () => {
    const sum = async (values: object) =>
      fulcioOf((await made(values)).objects).metadata.annotations['sigstand.dev/config-checksum'];
    const [first, second] = [one('https://a.example', 'email'), one('https://b.example', 'email')];
    const sums = await Promise.all([
      sum({}),
      sum({ fulcio: { issuers: [first] } }),
      sum({ fulcio: { issuers: [{ ...first, clientId: 'other' }] } }),
      sum({ fulcio: { issuers: [first, second] } }),
      sum({ fulcio: { issuers: [first], clusterIssuer: false } }),
    ]);
    expect(new Set(sums).size).toBe(sums.length);
    expect(await sum({ fulcio: { issuers: [first], signIn: first.url } })).toBe(sums[1]);
  });

  it('are reached at their ports, or at those of their Pods', async () => {
    const { objects } = await made({ fulcio: { issuers } });
    const policy = objects.find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'fulcio',
    )!;
    const [, asked] = policy.spec.egress;
    expect(asked.ports.map(({ port }: { port: number }) => port)).toEqual([443, 6443, 9443]);
  });

  it('may be silent when Fulcio starts: it gets ten seconds for each', async () => {
    const [container] = fulcioOf((await made({ fulcio: { issuers } })).objects).spec.containers;
    const { startupProbe: probe } = container;
    expect(probe.periodSeconds * probe.failureThreshold).toBeGreaterThan(10 * issuers.length + 30);
    const [shipped] = fulcioOf((await made({})).objects).spec.containers;
    expect(shipped.startupProbe).toBeUndefined();
  });

  it('may do without the cluster, and then nothing is left of it', async () => {
    const [email] = [one('https://a.example', 'email')];
    const { objects, config } = await made({ fulcio: { clusterIssuer: false, issuers: [email] } });
    const { initContainers, containers, volumes } = fulcioOf(objects).spec;
    expect(initContainers).toBeUndefined();
    expect(volumes.map(({ name }: { name: string }) => name)).toEqual(['ca', 'config']);
    expect(containers[0].volumeMounts).toContainEqual({
      name: 'config',
      mountPath: '/etc/fulcio-config',
      readOnly: true,
    });
    expect(config).not.toContain('kubernetes');
    expect(JSON.stringify(objects)).not.toContain('issuer-discovery');
    expect(await read(config)).toEqual({ accepted: true });
  });

  it.each([
    ['the cluster', {}, 'https://kubernetes.default.svc'],
    [
      'the cluster, beside pipelines',
      { issuers: [one('https://g.example', 'gitlab')] },
      'https://kubernetes.default.svc',
    ],
    [
      'the first that knows people',
      { issuers: [one('https://g.example', 'gitlab'), one('https://a.example', 'email')] },
      'https://a.example',
    ],
    [
      'the one that is named',
      {
        issuers: [one('https://a.example', 'email'), one('https://b.example', 'email')],
        signIn: 'https://b.example',
      },
      'https://b.example',
    ],
    [
      'the first, without a cluster and people',
      { clusterIssuer: false, issuers: [one('https://g.example', 'gitlab')] },
      'https://g.example',
    ],
  ])('are told to clients: %s', async (_, fulcio, url) => {
    expect(told((await made({ fulcio })).objects)).toBe(url);
  });
});
