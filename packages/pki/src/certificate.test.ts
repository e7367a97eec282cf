import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  attribute,
  type CertificateRequest,
  type Certified,
  issueCertificate,
} from './certificate.ts';
import { systemEntropy } from './entropy.ts';
import {
  codeSigning,
  extendedKeyUsage,
  maySignCertificates,
  pathLength,
  timeStamping,
} from './extensions.ts';
import { openssl, withFiles } from './testing.ts';
import { validFrom } from './validity.ts';

const now = new Date('2026-03-01T12:00:00.123Z');
const year = 365 * 86_400_000;

function issue(request: Partial<CertificateRequest> = {}): Promise<Certified> {
  return issueCertificate({
    subject: [['CN', 'root']],
    privateKey: systemEntropy.privateKey('ecdsa-p256'),
    serialNumber: systemEntropy.serialNumber(),
    ...validFrom(new Date(), 10 * year),
    ca: {},
    ...request,
  });
}

const text = ({ certificate }: Certified, ...options: string[]) =>
  openssl(['x509', '-noout', '-text', ...options], certificate).toString();

describe('issueCertificate', () => {
  it('makes a root with the extensions of a CA, and no others', async () => {
    const shown = text(await issue({ ca: { pathLength: 1 } }));
    expect(shown).toContain('Version: 3');
    expect(extensionsIn(shown)).toEqual([
      'Key Usage: critical',
      'Basic Constraints: critical',
      'Subject Key Identifier:',
    ]);
    expect(shown).toContain('Certificate Sign, CRL Sign');
    expect(shown).toContain('CA:TRUE, pathlen:1');
  });

  it('makes a leaf that may sign timestamps and nothing else', async () => {
    const shown = text(await leafUnder(await issue()));
    expect(extensionsIn(shown)).toEqual([
      'Key Usage: critical',
      'Basic Constraints: critical',
      'Extended Key Usage: critical',
      'Subject Key Identifier:',
      'Authority Key Identifier:',
    ]);
    expect(shown).toMatch(/Key Usage: critical\n +Digital Signature\n/);
    expect(shown).toMatch(/Extended Key Usage: critical\n +Time Stamping\n/);
    expect(shown).toContain('CA:FALSE');
  });

  it.each([
    ['ecdsa-p256', 'ecdsa-with-SHA256'],
    ['ecdsa-p384', 'ecdsa-with-SHA384'],
    ['ecdsa-p521', 'ecdsa-with-SHA512'],
  ] as const)('signs with the digest that fits a key of type %s', async (type, algorithm) => {
    const root = await issue({ privateKey: systemEntropy.privateKey(type) });
    expect(text(root)).toContain(`Signature Algorithm: ${algorithm}`);
    expect(verify([root.certificate])).toContain('OK');
    const leaf = await leafUnder(root);
    expect(text(leaf)).toContain(`Signature Algorithm: ${algorithm}`);
  });

  it('passes the strict check of openssl for timestamps', async () => {
    const root = await issue();
    const intermediate = await issue({
      subject: [['CN', 'intermediate']],
      extendedKeyUsage: { purposes: [timeStamping], critical: false },
      issuer: root,
    });
    const leaf = await leafUnder(intermediate);
    const chain = [leaf, intermediate, root].map(({ certificate }) => certificate);
    expect(verify(chain, '-purpose', 'timestampsign')).toContain('OK');
  });

  it('identifies keys as openssl does, and the issuer by the same octets', async () => {
    const root = await issue();
    const leaf = await leafUnder(root);
    const [key] = /Subject Key Identifier: *\n +(\S+)/.exec(text(root))?.slice(1) ?? [];
    const [issuer] = /Authority Key Identifier: *\n +(\S+)/.exec(text(leaf))?.slice(1) ?? [];
    expect(issuer).toBe(key);
    // RFC 5280 §4.2.1.2, method 1: SHA-1 of the bit string in SubjectPublicKeyInfo
    const { publicKey } = new X509Certificate(root.certificate);
    const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
    const [digest] = openssl(['dgst', '-sha1', '-r'], point).toString().split(' ');
    expect(key?.replaceAll(':', '').toLowerCase()).toBe(digest);
  });

  it('writes the serial number as it is given, positive', async () => {
    const { certificate } = await issue({ serialNumber: '7f00000000000000000000000000ff01' });
    expect(openssl(['x509', '-noout', '-serial'], certificate).toString()).toBe(
      'serial=7F00000000000000000000000000FF01\n',
    );
  });

  it('writes names as they are given, whatever characters they have', async () => {
    const subject = [
      ['C', 'DE'],
      ['ST', 'Bayern'],
      ['L', 'München'],
      [attribute.street, 'Straße 1, "Hof" + \\2'],
      [attribute.postalCode, '80331'],
      ['O', '#1 <Örg>; a=b'],
      ['CN', '"quoted"'],
    ] as const;
    const root = await issue({ subject });
    const options = ['-nameopt', 'multiline,utf8,-esc_msb', '-subject'];
    const lines = openssl(['x509', '-noout', ...options], root.certificate)
      .toString()
      .split('\n');
    const values = lines.slice(1, -1).map((line) => line.split(' = ')[1]?.replace('\\\\', '\\'));
    expect(values).toEqual(subject.map(([, value]) => value));
    expect(verify([root.certificate])).toContain('OK');
    const leaf = new X509Certificate((await leafUnder(root)).certificate);
    expect(leaf.checkIssued(new X509Certificate(root.certificate))).toBe(true);
  });

  it('writes PrintableString where that is enough, as country codes must be, else UTF-8', async () => {
    const { certificate } = await issue({
      subject: [
        ['C', 'DE'],
        ['O', 'A_B'],
        ['CN', 'plain'],
      ],
    });
    const shown = openssl(['asn1parse'], certificate).toString();
    expect(shown).toMatch(/PRINTABLESTRING +:DE/);
    expect(shown).toMatch(/UTF8STRING +:A_B/);
    expect(shown).toMatch(/PRINTABLESTRING +:plain/);
  });

  it('writes times without fractions, and from 2050 on in four digits', async () => {
    const { certificate } = await issue({ ...validFrom(now, 100 * year) });
    const shown = openssl(['asn1parse'], certificate).toString();
    expect(shown).toMatch(/UTCTIME +:260301115500Z/);
    expect(shown).toMatch(/GENERALIZEDTIME +:21260205120000Z/);
  });

  it('signs as DER demands, whatever the signature’s first octets are', async () => {
    const privateKey = systemEntropy.privateKey('ecdsa-p256');
    for (let count = 0; count < 300; count += 1) {
      const parsed = new X509Certificate((await issue({ privateKey })).certificate);
      expect(parsed.verify(parsed.publicKey)).toBe(true);
    }
  });

  it('is made for no key but ECDSA', async () => {
    await expect(issue({ privateKey: systemEntropy.privateKey('ed25519') })).rejects.toThrow(
      'ECDSA keys only',
    );
  });
});

describe('extensions', () => {
  it('reads the purposes and path length that were written', async () => {
    const root = await issue({ ca: { pathLength: 0 } });
    const usage = { purposes: [timeStamping, codeSigning], critical: false };
    const other = await issue({ extendedKeyUsage: usage });
    const parsed = [root, other].map(({ certificate }) => new X509Certificate(certificate));
    expect(parsed.map(extendedKeyUsage)).toEqual([undefined, usage]);
    expect(parsed.map(pathLength)).toEqual([0, undefined]);
    const leaf = new X509Certificate((await leafUnder(root)).certificate);
    expect([...parsed, leaf].map(maySignCertificates)).toEqual([true, true, false]);
    expect(extendedKeyUsage(leaf)).toEqual({ purposes: [timeStamping], critical: true });
    expect(pathLength(leaf)).toBeUndefined();
  });
});

function leafUnder(issuer: Certified): Promise<Certified> {
  return issue({
    subject: [['CN', 'leaf']],
    ca: false,
    extendedKeyUsage: { purposes: [timeStamping], critical: true },
    issuer,
  });
}

function extensionsIn(shown: string): string[] {
  return [...shown.matchAll(/^ {12}X509v3 (.*?) *$/gm)].map(([, name = '']) => name);
}

/** What openssl says of a chain, leaf first. */
function verify(chain: readonly Uint8Array[], ...options: string[]): string {
  const [leaf = ''] = chain;
  const files = { leaf, root: chain.at(-1) ?? '', untrusted: Buffer.concat(chain.slice(1)) };
  const untrusted = chain.length > 1 ? ['-untrusted', 'untrusted'] : [];
  return withFiles(files, (path) =>
    openssl([
      ...['verify', '-x509_strict', '-CAfile', path('root'), ...options],
      ...untrusted.map((part) => (part === 'untrusted' ? path(part) : part)),
      path('leaf'),
    ]).toString(),
  );
}
