import { inFile, type Mutant } from '../mutant.ts';

const test = (name: string) => [`packages/pki/src/${name}.test.ts`];

export const pki: readonly Mutant[] = [
  ...inFile('packages/pki/src/entropy.ts', test('keys'), [
    [
      "randomBytes(32).toString('base64url')",
      "Buffer.alloc(32, 7).toString('base64url')",
      'every stack has the same password',
    ],
    [
      "randomBytes(32).toString('base64url')",
      "randomBytes(8).toString('base64url')",
      'a password can be guessed',
    ],
    [
      "toString('base64url')",
      "toString('base64')",
      'a password with / and + breaks the DSN of the database',
    ],
    [
      'const octets = randomBytes(16);',
      'const octets = Buffer.alloc(16, 7);',
      'all certificates have one serial number',
    ],
    [
      'octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40;',
      '',
      'half of all serial numbers are negative, and Go refuses them',
    ],
    ['namedCurve: `P-${type.slice(-3)}`', "namedCurve: 'P-256'", 'who asks for P-384 gets P-256'],
  ]),
  ...inFile('packages/pki/src/seal.ts', test('seal'), [
    [
      'const iterations = 600_000;',
      'const iterations = 2_048;',
      'a stolen Secret’s password is tried 300 times faster',
    ],
    [
      'const salt = randomBytes(16);',
      'const salt = Buffer.alloc(16);',
      'one table opens all sealed keys',
    ],
    [
      'const iv = randomBytes(16);',
      'const iv = Buffer.alloc(16);',
      'two sealed keys can be compared',
    ],
  ]),
  ...inFile('packages/pki/src/certificate.ts', test('certificate'), [
    [
      'new KeyUsagesExtension(usages, true)',
      'new KeyUsagesExtension(usages, false)',
      'a CA’s key usage is not critical, and strict clients refuse it',
    ],
    [
      'ca ? ca.pathLength : undefined, true)',
      'ca ? ca.pathLength : undefined, false)',
      'basicConstraints is not critical, and strict clients refuse the CA',
    ],
    [
      'KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign',
      'KeyUsageFlags.cRLSign',
      'the CA may not sign certificates',
    ],
    [
      ': KeyUsageFlags.digitalSignature;',
      ': KeyUsageFlags.keyEncipherment;',
      'the TSA’s leaf may not sign timestamps',
    ],
    [
      'usage.critical)] : []),',
      'false)] : []),',
      'a TSA’s purpose is not critical, and RFC 3161 clients refuse it',
    ],
    [
      "namedCurve: 'P-384', hash: 'SHA-384'",
      "namedCurve: 'P-384', hash: 'SHA-256'",
      'a P-384 key signs by a digest that is worth less',
    ],
    [
      '? new AuthorityKeyIdentifierExtension(identifier.keyId, false)',
      '? new AuthorityKeyIdentifierExtension(identifier.keyId.slice(2), false)',
      'chains are not found by key identifier',
    ],
    [
      'notAfter: request.notAfter,',
      'notAfter: request.notBefore,',
      'a certificate is over when it begins',
    ],
    [
      'issuer: issuing ? issuing.subjectName : nameOf(request.subject),',
      'issuer: nameOf(request.subject),',
      'no chain can be built',
    ],
  ]),
  ...inFile('packages/pki/src/chain.ts', test('chain'), [
    [
      'return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);',
      'return subject.checkIssued(issuer);',
      'a chain whose signatures are wrong is published',
    ],
    [
      "if (roots.length > 1) throw new PkiError('has more than one root certificate');",
      '',
      'of two roots one is taken in silence',
    ],
    [
      'const mostIntermediates = 10;',
      'const mostIntermediates = 11;',
      'a chain is published that clients refuse',
    ],
    ['const mostOfOne = 65_536;', 'const mostOfOne = 655_360;', 'a huge certificate holds the Job'],
    [
      'if (same && certificates.length === ordered.length) return chain;',
      'if (certificates.length === ordered.length) return chain;',
      'Fulcio does not start with a chain in the wrong order',
    ],
    [
      'for (const { publicKey } of all) refuseWeak(publicKey);',
      '',
      'a CA with a key that can be broken is published',
    ],
  ]),
  ...inFile('packages/pki/src/keys.ts', test('keys'), [
    [
      "if (block?.label !== 'PUBLIC KEY' || others.length > 0) {",
      "if (block?.label !== 'PUBLIC KEY') {",
      'of two public keys the first is taken in silence',
    ],
    [
      'if (/PRIVATE KEY/.test(',
      'if (/EC PRIVATE KEY/.test(',
      'a private key in PKCS #8 is published',
    ],
    [
      'if (certified === held) return;',
      'return;',
      'a certificate for another key is kept, and nothing that is signed verifies',
    ],
    [
      "const curves = ['prime256v1', 'secp384r1', 'secp521r1'];",
      "const curves = ['prime256v1', 'secp384r1', 'secp521r1', 'secp256k1'];",
      'a key is taken that no server reads',
    ],
    [
      'const moduli = [2048, 3072, 4096];',
      'const moduli = [1024, 2048, 3072, 4096];',
      'a key that can be broken is trusted',
    ],
    [
      'details.publicExponent === 65_537n && isOdd(publicKey)',
      'isOdd(publicKey)',
      'RSA with the exponent 1 signs whatever one likes',
    ],
    [
      'details.publicExponent === 65_537n && isOdd(publicKey)',
      'details.publicExponent === 65_537n',
      'RSA that is no RSA is trusted',
    ],
  ]),
  ...inFile('packages/pki/src/keys.ts', test('keys'), [
    [
      "if (publicKey.asymmetricKeyType === 'ed25519') {",
      'if (false) {',
      'a CT log is made with a key by which it does not start',
    ],
  ]),
  ...inFile('packages/pki/src/validity.ts', test('validity'), [
    [
      'notBefore: wholeSecond(now.getTime() - clockSkew)',
      'notBefore: wholeSecond(now.getTime() + clockSkew)',
      'a new CA is not valid for five minutes',
    ],
    [
      'export const soon = 30 * day;',
      'export const soon = 3 * day;',
      'people learn of an end three days before',
    ],
    [
      'if (left < soon) return',
      'if (left > soon) return',
      'people are warned of everything but what ends',
    ],
    [
      "const told = name.replaceAll(/[\\p{C}\\u2028\\u2029]/gu, '?');",
      'const told = name;',
      'a stranger’s name writes to the terminal',
    ],
  ]),
  ...inFile('packages/pki/src/validity.ts', test('validity'), [
    [
      'if (validToDate >= now && !early) continue;',
      'if (!early) continue;',
      'a CA that has expired is taken as new',
    ],
    [
      'if (validToDate >= now && !early) continue;',
      'if (validToDate >= now) continue;',
      'a CA that is not valid yet is published, and clients refuse it',
    ],
  ]),
  ...inFile(
    'packages/pki/src/created.ts',
    ['packages/createtuf/src/publication.test.ts'],
    [
      [
        'return new Date(time - clockSkew);',
        'return new Date(time + clockSkew);',
        'what was signed in the first minutes does not verify',
      ],
      ['if (Number.isNaN(time))', 'if (false)', 'a date that is none is published'],
    ],
  ),
  ...inFile(
    'packages/pki/src/extensions.ts',
    ['packages/createcertchain/src/job.test.ts', 'packages/pki/src/certificate.test.ts'],
    [
      [
        'usage?.critical === true && usage.purposes.join() === timeStamping',
        'usage?.purposes.join() === timeStamping',
        'a TSA’s leaf is kept that clients refuse',
      ],
      [
        'usage.purposes.join() === timeStamping',
        'usage.purposes.includes(timeStamping)',
        'a TSA’s leaf that may do more is kept',
      ],
    ],
  ),
  ...inFile('packages/pki/src/extensions.ts', test('chain'), [
    [
      '.octets[0] ?? 0) & 0x04) !== 0',
      '.octets[0] ?? 0) & 0x80) !== 0',
      'a CA is refused because of the wrong bit of its key usage',
    ],
    [
      'return basicConstraints(certificate)?.ca === true;',
      'return basicConstraints(certificate) !== undefined;',
      'a leaf passes for a CA',
    ],
    [
      'purposes.includes(purpose) || purposes.includes(anyPurpose)',
      'purposes.includes(purpose)',
      'a CA for any purpose is refused',
    ],
  ]),
  ...inFile('packages/pki/src/path.ts', test('chain'), [
    [
      "if (index > 0 && !isCa(one)) throw new PkiError('has an issuer that is not a CA');",
      '',
      'an issuer that is no CA is published, and clients refuse all it signed',
    ],
    [
      'if (isCa(one) && !maySignCertificates(one)) {',
      'if (false) {',
      'a CA that may sign no certificate is published',
    ],
    [
      'if (index > (pathLength(certificate) ?? index)) {',
      'if (index > (pathLength(certificate) ?? index) + 1) {',
      'a chain that is too long for its root is published',
    ],
    ['  forms.forEach(refuseUnknown);\n', '', 'a chain is published by which no client verifies'],
    [
      '  refuseConstrained(forms);\n',
      '',
      'a chain is published that clients refuse by its name constraints',
    ],
    [
      "'1.2.840.113549.1.1.11',",
      "'1.2.840.113549.1.1.11', '1.2.840.113549.1.1.5',",
      'a chain that is signed with SHA-1 is published',
    ],
  ]),
  ...inFile('packages/pki/src/path.ts', test('chain'), [
    [
      'if (path.every((certificate) => allows(certificate, purpose))) return;',
      'return;',
      'a CA is kept whose chain is for another purpose',
    ],
  ]),
  ...inFile('packages/pki/src/open.ts', test('seal'), [
    [
      'const mostIterations = 1_500_000;',
      'const mostIterations = 15_000_000;',
      'a key from elsewhere holds the Job for minutes',
    ],
    [
      'if (block === undefined || others.length > 0 ||',
      'if (block === undefined ||',
      'of two private keys the first is taken in silence',
    ],
    [
      "new PkiError('is a private key that its password does not open', 'contradiction')",
      "new PkiError('is a private key that its password does not open')",
      'a lost password is told as a bad file',
    ],
    [
      "'1.2.840.113549.2.9': 'sha256',",
      "'1.2.840.113549.2.9': 'sha256', '1.2.840.113549.2.11': 'sha512',",
      'a key is taken that Rekor does not open',
    ],
    [
      'if (password.length === 0) {',
      'if (false) {',
      'a key is taken that Fulcio does not open without a password',
    ],
  ]),
  ...inFile(
    'packages/pki/src/open.ts',
    [
      'packages/createctconfig/src/stored-log.test.ts',
      'packages/createctconfig/src/inputs.test.ts',
      ...test('seal'),
    ],
    [
      [
        "if ('DEK-Info' in headers && end === text) return;",
        'return;',
        'ct_server does not start with the key that is kept',
      ],
    ],
  ),
  ...inFile('packages/pki/src/pem.ts', test('pem'), [
    [
      'if (found.length !== begun || found.length !== ended) throw new PkiError(brokenPem);',
      '',
      'half of a broken bundle is published',
    ],
    [
      'if (/[^ \\t\\r\\n]/.test(behind)) throw',
      'if (false) throw',
      'Fulcio does not start with what is kept',
    ],
    [
      "if (bytes.toString('base64') !== text) throw new PkiError('is broken PEM');",
      '',
      'a key is taken that Go cannot read',
    ],
    [
      '.replace(/.{64}(?=.)/g,',
      '.replace(/.{76}(?=.)/g,',
      'PEM is written that strict readers refuse',
    ],
  ]),
  ...inFile('packages/pki/src/der.ts', test('der'), [
    ['!shortest || end > bytes.length', '!shortest', 'a certificate that is cut off is read'],
    [
      'octets.length < more || !shortest ||',
      'octets.length < more ||',
      'a certificate is taken that Go cannot read',
    ],
    [
      'if (one === undefined || others.length > 0) throw notDer();',
      'if (one === undefined) throw notDer();',
      'what follows a key in its block is passed over',
    ],
    [
      'if (first === undefined || padded) throw notDer();',
      'if (first === undefined) throw notDer();',
      'a serial number is taken that Go cannot read',
    ],
  ]),
];
