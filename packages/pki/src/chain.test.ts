import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CertificateRequest, type Certified, issueCertificate } from './certificate.ts';
import {
  certificatePem,
  chainInOrder,
  chainPem,
  orderChain,
  parseCertificates,
  refuseNoCodeSigning,
} from './chain.ts';
import { systemEntropy } from './entropy.ts';
import { pem, pemBlocks, utf8 } from './pem.ts';
import { caExtensions, openssl, opensslCertificate, withFiles } from './testing.ts';
import { validFrom } from './validity.ts';

function issue(name: string, request: Partial<CertificateRequest> = {}): Promise<Certified> {
  return issueCertificate({
    subject: [['CN', name]],
    privateKey: systemEntropy.privateKey('ecdsa-p256'),
    serialNumber: systemEntropy.serialNumber(),
    ...validFrom(new Date(), 86_400_000),
    ca: {},
    ...request,
  });
}

const parsed = ({ certificate }: Pick<Certified, 'certificate'>) =>
  new X509Certificate(certificate);
const names = (certificates: readonly X509Certificate[]) =>
  certificates.map(({ subject }) => subject?.replace('CN=', ''));

/** Root first: a root, so many intermediates, a leaf. */
async function chainOf(intermediates: number): Promise<Certified[]> {
  const chain = [await issue('root')];
  for (let index = 0; index < intermediates; index += 1) {
    chain.push(await issue(`intermediate ${index}`, { issuer: chain.at(-1)! }));
  }
  chain.push(await issue('leaf', { ca: false, issuer: chain.at(-1)! }));
  return chain;
}

let long: X509Certificate[];
let root: Certified;
beforeAll(async () => {
  long = (await chainOf(10)).map(parsed);
  root = await issue('root');
});

describe('orderChain', () => {
  it.each([
    ['root first', (all: X509Certificate[]) => all],
    ['leaf first', (all: X509Certificate[]) => all.toReversed()],
    [
      'shuffled',
      (all: X509Certificate[]) =>
        all.toSorted((a, b) => (a.serialNumber < b.serialNumber ? -1 : 1)),
    ],
    ['each twice', (all: X509Certificate[]) => [...all, ...all]],
  ])('finds the one chain in certificates that come %s', (_how, change) => {
    const chain = orderChain(change(long));
    expect(names([chain.leaf!, ...chain.intermediates, chain.root])).toEqual([
      'leaf',
      ...Array.from({ length: 10 }, (_, index) => `intermediate ${9 - index}`),
      'root',
    ]);
  });

  it('takes a root alone, and a leaf right under it', async () => {
    expect(orderChain([parsed(root)])).toMatchObject({ leaf: undefined, intermediates: [] });
    const leaf = parsed(await issue('leaf', { ca: false, issuer: root }));
    expect(orderChain([parsed(root), leaf])).toMatchObject({ leaf, intermediates: [] });
  });

  it('takes a chain of CAs without a leaf', async () => {
    const ca = parsed(await issue('issuing', { issuer: root }));
    expect(orderChain([ca, parsed(root)])).toMatchObject({ leaf: undefined, intermediates: [ca] });
  });

  it('takes a chain that openssl made', () => {
    const root = opensslCertificate({ subject: '/O=x/CN=root', extensions: caExtensions });
    const leaf = opensslCertificate({ subject: '/CN=leaf', extensions: [], issuer: root });
    expect(orderChain([root, leaf].map(parsed)).leaf?.subject).toBe('CN=leaf');
  });

  it.each<[string, () => Promise<X509Certificate[]> | X509Certificate[], string]>([
    ['no certificate', () => [], 'no self-signed root'],
    ['no root', () => long.slice(1), 'no self-signed root'],
    ['a missing link', () => long.filter((_, index) => index !== 4), 'that no other in it signed'],
    ['two roots', async () => [...long.slice(0, 3), parsed(root)], 'more than one root'],
    [
      '11 intermediates',
      async () => (await chainOf(11)).map(parsed),
      '13 certificates; at most 12',
    ],
    [
      '11 intermediates and no leaf',
      async () => (await chainOf(11)).slice(0, -1).map(parsed),
      '11 intermediates; at most 10',
    ],
    [
      'two leaves',
      async () =>
        [
          root,
          await issue('a', { ca: false, issuer: root }),
          await issue('b', { issuer: root }),
        ].map(parsed),
      'branches',
    ],
    [
      'a root that is not a CA',
      () => [
        parsed(opensslCertificate({ subject: '/CN=x', extensions: ['basicConstraints=CA:FALSE'] })),
      ],
      'an issuer that is not a CA',
    ],
    [
      'a leaf that signed another',
      () => {
        const top = opensslCertificate({ subject: '/CN=root', extensions: caExtensions });
        const middle = opensslCertificate({
          subject: '/CN=leaf',
          extensions: ['basicConstraints=CA:FALSE'],
          issuer: top,
        });
        const last = opensslCertificate({ subject: '/CN=last', extensions: [], issuer: middle });
        return [top, middle, last].map(parsed);
      },
      'issuer that is not a CA',
    ],
    [
      'a path that is too long',
      async () => {
        const top = await issue('root', { ca: { pathLength: 0 } });
        return [top, await issue('below', { issuer: top })].map(parsed);
      },
      'path length',
    ],
    [
      'another key under the issuer’s name',
      async () => {
        const other = await issue('root');
        return [root, await issue('leaf', { ca: false, issuer: other })].map(parsed);
      },
      'that no other in it signed',
    ],
    [
      'two CAs that certify each other and no root',
      async () => {
        const [a, b] = [await issue('a'), await issue('b')];
        const crossed = [
          await issue('a', { privateKey: a.privateKey, issuer: b }),
          await issue('b', { privateKey: b.privateKey, issuer: a }),
        ];
        return crossed.map(parsed);
      },
      'no self-signed root',
    ],
  ])('refuses %s', async (_what, certificates, message) => {
    const all = await certificates();
    expect(() => orderChain(all)).toThrow(message);
  });

  it('refuses a certificate whose signature is another’s, and a key that can be broken', async () => {
    const der = parsed(await issue('leaf', { ca: false, issuer: root })).raw;
    // The last octet is one of the signature's.
    der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
    expect(() => orderChain([new X509Certificate(der), parsed(root)])).toThrow(
      'has a certificate that no other in it signed',
    );
    const weak = opensslCertificate({
      subject: '/CN=weak',
      extensions: caExtensions,
      key: ['-newkey', 'rsa:1024'],
    });
    expect(() => orderChain([new X509Certificate(weak.certificate)])).toThrow(
      'is a key of a kind or length',
    );
  });

  it('keeps apart CAs of one name by their keys', async () => {
    const ca = await issue('root', { issuer: root });
    const leaf = await issue('root', { ca: false, issuer: ca });
    const chain = orderChain([leaf, ca, root].map(parsed));
    expect(chain.intermediates.map(({ serialNumber }) => serialNumber)).toEqual([
      parsed(ca).serialNumber,
    ]);
  });

  it('takes no long time over certificates that all have one name', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, () => issue('root')));
    const start = performance.now();
    expect(() => orderChain(all.map(parsed))).toThrow('200 certificates');
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe('a chain that openssl made, and that no client verifies by,', () => {
  const ca = (name: string, extensions: string[] = caExtensions, more: object = {}) =>
    opensslCertificate({ subject: `/CN=${name}`, extensions, ...more });
  const end = ['basicConstraints=critical,CA:FALSE'];
  const inOne = (...all: { certificate: Buffer }[]) =>
    orderChain(all.map(({ certificate }) => new X509Certificate(certificate)));
  const top = ca('top');
  const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

  it.each<[string, () => unknown, string]>([
    [
      'a CA that may sign no certificate',
      () =>
        inOne(
          ca('below', ['basicConstraints=critical,CA:TRUE', 'keyUsage=cRLSign'], { issuer: top }),
          top,
        ),
      'has a CA whose key usage does not let it sign certificates',
    ],
    [
      'a critical extension that nobody knows',
      () => inOne(ca('leaf', [...end, '1.2.3.4=critical,ASN1:NULL'], { issuer: top }), top),
      'has a certificate whose critical extension 1.2.3.4 no client understands',
    ],
    [
      'a signature with SHA-1',
      () => inOne(ca('leaf', end, { issuer: top, key: [...p256, '-sha1'] }), top),
      'has a certificate that is not signed with SHA-256',
    ],
    [
      'names beside constraints of names',
      () => {
        const only = 'nameConstraints=critical,permitted;DNS:example.com';
        const narrow = ca('narrow', [...caExtensions, only]);
        return inOne(ca('leaf', [...end, 'subjectAltName=DNS:a.test'], { issuer: narrow }), narrow);
      },
      'has both name constraints and names that they could exclude',
    ],
    [
      'another purpose than Fulcio’s',
      () =>
        refuseNoCodeSigning(
          inOne(ca('stamps', [...caExtensions, 'extendedKeyUsage=timeStamping'])),
        ),
      'has a certificate whose extended key usage leaves out codeSigning',
    ],
  ])('is refused: %s', (_what, read, message) => {
    expect(read).toThrow(message);
  });

  it('is taken where its purpose is any', () => {
    const any = inOne(ca('any', [...caExtensions, 'extendedKeyUsage=anyExtendedKeyUsage']));
    expect(() => refuseNoCodeSigning(any)).not.toThrow();
  });
});

describe('chainInOrder', () => {
  it('takes a chain leaf first, and no other order', () => {
    const leafFirst = long.toReversed();
    expect(chainInOrder(leafFirst)).toEqual(orderChain(long));
    for (const other of [
      long,
      [...leafFirst, long[0]!],
      [long[11]!, long[0]!, ...long.slice(1, 11)],
    ]) {
      expect(() => chainInOrder(other)).toThrow('is not in order');
    }
  });
});

describe('chainPem', () => {
  it('writes leaf, intermediates and root, as openssl reads them', () => {
    const text = chainPem(orderChain(long));
    expect(names(parseCertificates(text))).toEqual(names(long.toReversed()));
    const listed = withFiles({ text }, (path) =>
      openssl(['storeutl', '-noout', '-certs', path('text')]).toString(),
    );
    expect(listed).toContain('Total found: 12');
  });
});

describe('parseCertificates', () => {
  const foreign = opensslCertificate({ subject: '/CN=x', extensions: caExtensions });

  it('reads certificates with notes between them, and writes them without', () => {
    const noted = openssl(['x509', '-text'], foreign.certificate);
    const [first, second, ...others] = parseCertificates(Buffer.concat([noted, noted]));
    expect(others).toEqual([]);
    expect(Buffer.from(certificatePem(first!))).toEqual(foreign.certificate);
    expect(certificatePem(second!)).toEqual(certificatePem(first!));
  });

  it.each([
    [
      'a private key among them',
      Buffer.concat([foreign.certificate, foreign.key]),
      'a private key',
    ],
    ['a broken private key', utf8(`${foreign.certificate}-----BEGIN PRIVATE KEY`), 'a private key'],
    ['a public key', openssl(['pkey', '-pubout'], foreign.key), 'not a CERTIFICATE'],
    ['other bytes in the block', pem('CERTIFICATE', utf8('hello')), 'cannot be read'],
    ['bytes behind the certificate', trailing(foreign.certificate), 'cannot be read'],
    ['half a certificate', half(foreign.certificate), 'cannot be read'],
    ['nothing', utf8(''), 'is empty'],
    ['64 KiB in one', pem('CERTIFICATE', new Uint8Array(65_537)), 'of 65537 bytes; at most 65536'],
    ['a megabyte in all', new Uint8Array(1_048_577).fill(65), '1048577 bytes; at most 1048576'],
  ])('refuses %s without quoting it', (_what, bytes, message) => {
    expect(() => parseCertificates(bytes)).toThrow(message);
    expect(() => parseCertificates(bytes)).not.toThrow(/M[A-Z]{3}|hello/);
  });
});

function trailing(certificate: Uint8Array): Uint8Array {
  const [block] = pemBlocks(certificate);
  return pem('CERTIFICATE', Buffer.concat([block!.der, Buffer.from('more')]));
}

function half(certificate: Uint8Array): Uint8Array {
  const [block] = pemBlocks(certificate);
  return pem('CERTIFICATE', block!.der.subarray(0, block!.der.length / 2));
}
