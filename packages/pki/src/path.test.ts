import { describe, expect, it } from 'vitest';
import { orderChain, parseCertificates, refuseNoCodeSigning } from './chain.ts';
import { caExtensions, type Foreign, opensslCertificate } from './testing.ts';

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const make = (
  subject: string,
  extensions: readonly string[],
  { issuer, args = [] }: { issuer?: Foreign; args?: readonly string[] } = {},
) =>
  opensslCertificate({
    subject: `/CN=${subject}`,
    extensions,
    key: [...ec, ...args],
    ...(issuer && { issuer }),
  });
const parsed = (...all: readonly Foreign[]) =>
  parseCertificates(Buffer.concat(all.map(({ certificate }) => certificate)));

describe('a certificate that OpenSSL reads and Go does not is refused:', () => {
  it.each<[string, readonly string[], readonly string[], string]>([
    ['a negative serial number', [], ['-set_serial', '-5'], 'its serial number is negative'],
    ['a URI that is none', ['subjectAltName=URI:http://[bad'], [], '2.5.29.17 is malformed'],
    [
      'a critical key identifier',
      ['subjectKeyIdentifier=critical,hash'],
      [],
      '2.5.29.14 is critical',
    ],
    [
      'an odd address range',
      ['nameConstraints=permitted;IP:10.0.0.0/255.0.255.0'],
      [],
      '2.5.29.30 is malformed',
    ],
  ])('%s', (_what, extensions, args, why) => {
    expect(() => parsed(make('x', [...caExtensions, ...extensions], { args }))).toThrow(why);
  });

  it('and what both read is taken', () => {
    const names = 'subjectAltName=URI:https://example.com/a,email:a@example.com,DNS:example.com';
    const more = [names, 'certificatePolicies=1.2.3.4', 'crlDistributionPoints=URI:http://a/b'];
    expect(parsed(make('x', [...caExtensions, ...more]))).toHaveLength(1);
  });
});

describe('a chain that Go does not verify is refused:', () => {
  it.each<[string, readonly string[], readonly string[], readonly string[], string]>([
    ['signed with SHA-1', [], [], ['-sha1'], 'not signed with SHA-256'],
    [
      'with a critical extension of its own',
      ['1.2.3.4=critical,ASN1:NULL'],
      [],
      [],
      'critical extension 1.2.3.4',
    ],
    [
      'below a CA that demands policies',
      ['policyConstraints=requireExplicitPolicy:0'],
      [],
      [],
      'demands certificate policies',
    ],
    [
      'with names below a constraint',
      ['nameConstraints=permitted;DNS:example.com'],
      ['subjectAltName=DNS:example.org'],
      [],
      'name constraints',
    ],
  ])('%s', (_what, above, below, args, why) => {
    const root = make('root', [...caExtensions, ...above]);
    const issuing = make('issuing', [...caExtensions, ...below], { issuer: root, args });
    expect(() => orderChain(parsed(issuing, root))).toThrow(why);
  });

  const rsa = ['-newkey', 'rsa:2048'];
  it.each([
    ['-sha1', 'not signed with SHA-256'],
    ['-sha224', 'not signed with SHA-256'],
    ['-md5', 'not signed with SHA-256'],
    ['-sha256', undefined],
    ['-sha384', undefined],
    ['-sha512', undefined],
  ])('by an RSA key with a weak digest; with %s', (digest, why) => {
    // The algorithm is that of the issuer's key.
    const root = opensslCertificate({ subject: '/CN=root', extensions: caExtensions, key: rsa });
    const issuing = make('issuing', caExtensions, { issuer: root, args: [digest] });
    const read = () => orderChain(parsed(issuing, root)).intermediates.length;
    if (why) expect(read).toThrow(why);
    else expect(read()).toBe(1);
  });

  it('for another purpose than its root has', () => {
    const root = make('root', [...caExtensions, 'extendedKeyUsage=serverAuth']);
    const usage = [...caExtensions, 'extendedKeyUsage=codeSigning'];
    const chain = orderChain(parsed(make('issuing', usage, { issuer: root }), root));
    expect(() => refuseNoCodeSigning(chain)).toThrow('leaves out codeSigning');
  });

  it('and one with a constraint that no name in it could break is taken', () => {
    const root = make('root', [
      ...caExtensions,
      'nameConstraints=critical,permitted;DNS:example.com',
    ]);
    const issuing = make('issuing', caExtensions, { issuer: root });
    expect(orderChain(parsed(issuing, root)).intermediates).toHaveLength(1);
  });
});
