import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemEntropy } from './entropy.ts';
import { PkiError } from './error.ts';
import { fingerprint, publicKeyOf } from './keys.ts';
import { openPrivateKey, refuseNotForCtServer } from './open.ts';
import { pem, utf8 } from './pem.ts';
import { sealPkcs8, sealRfc1423 } from './seal.ts';
import { openssl, withFiles } from './testing.ts';

const password = 'correct-horse';
const name = (key: KeyObject) => fingerprint(publicKeyOf(key));
const ec = openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']);
const ed25519 = openssl(['genpkey', '-algorithm', 'ED25519']);
const rsa = openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']);
const pkcs8 = (key: Buffer, ...how: string[]) =>
  openssl(['pkcs8', '-topk8', '-passout', `pass:${password}`, ...how], key);

describe('sealPkcs8', () => {
  it.each(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519'] as const)(
    'seals a key of type %s so that openssl opens it',
    (type) => {
      const key = systemEntropy.privateKey(type);
      const sealed = sealPkcs8(key, password);
      const opened = openssl(['pkey', '-passin', `pass:${password}`], sealed);
      expect(opened.toString()).toBe(key.export({ type: 'pkcs8', format: 'pem' }));
    },
  );

  it('stretches the password 600,000 times with HMAC-SHA256, over a salt of 16 bytes', () => {
    const sealed = sealPkcs8(systemEntropy.privateKey('ecdsa-p256'), password);
    const shown = openssl(['asn1parse'], sealed).toString();
    expect(shown).toMatch(/PBES2.*PBKDF2.*INTEGER +:0927C0.*hmacWithSHA256.*aes-256-cbc/s);
    expect(shown).toMatch(/OCTET STRING +\[HEX DUMP\]:[0-9A-F]{32}\n/);
  });

  it('never seals the same key to the same bytes, with neither salt nor vector used again', () => {
    const key = systemEntropy.privateKey('ed25519');
    const [one, other] = [1, 2].map(() => {
      const shown = openssl(['asn1parse'], sealPkcs8(key, password)).toString();
      return [...shown.matchAll(/OCTET STRING +\[HEX DUMP\]:([0-9A-F]{32})\n/g)].map(
        ([, hex]) => hex,
      );
    });
    expect(one).toHaveLength(2);
    expect(new Set([...one!, ...other!]).size).toBe(4);
  });
});

describe('sealRfc1423', () => {
  it.each([
    ['ecdsa-p256', 'EC PRIVATE KEY'],
    ['ecdsa-p384', 'EC PRIVATE KEY'],
    ['rsa-4096', 'RSA PRIVATE KEY'],
  ] as const)('seals a key of type %s so that openssl opens it', (type, label) => {
    const key = systemEntropy.privateKey(type);
    const sealed = sealRfc1423(key, password);
    expect(Buffer.from(sealed).toString()).toMatch(
      new RegExp(`^-----BEGIN ${label}-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,`),
    );
    const opened = openssl(['pkey', '-passin', `pass:${password}`], sealed);
    expect(opened.toString()).toBe(key.export({ type: 'pkcs8', format: 'pem' }));
  });
});

describe('openPrivateKey', () => {
  const unknown = 'is encrypted in a way that not all its servers open';
  const legacy = (kind: 'ec' | 'rsa', key: Buffer) =>
    openssl([kind, '-aes256', '-passout', `pass:${password}`], key);

  it.each([
    ['EC in PKCS #8', ec, ec],
    ['Ed25519 in PKCS #8', ed25519, ed25519],
    ['RSA in PKCS #8', rsa, rsa],
    ['EC in SEC 1', openssl(['ec'], ec), ec],
    ['RSA in PKCS #1', openssl(['rsa', '-traditional'], rsa), rsa],
    ['EC under PBES2', pkcs8(ec, '-v2', 'aes-256-cbc'), ec],
    [
      'EC under PBES2 with HMAC-SHA1',
      pkcs8(ec, '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA1'),
      ec,
    ],
    ['Ed25519 under PBES2', pkcs8(ed25519), ed25519],
    ['RSA under PBES2', pkcs8(rsa, '-iter', '100000'), rsa],
    ['EC under PBES2 with 3DES', pkcs8(ec, '-v2', 'des-ede3-cbc'), ec],
    ['EC under RFC 1423', legacy('ec', ec), ec],
    ['EC with a compressed point', openssl(['ec', '-conv_form', 'compressed'], ec), ec],
    ['EC without its point', openssl(['ec', '-no_public'], ec), ec],
    [
      'EC with carriage returns',
      Buffer.from(legacy('ec', ec).toString().replaceAll('\n', '\r\n')),
      ec,
    ],
  ])('opens what openssl wrote: %s', (_what, sealed, plain) => {
    const wanted = openssl(['pkey', '-pubout', '-outform', 'DER'], plain);
    const key = publicKeyOf(openPrivateKey(sealed, utf8(password)));
    expect(key.export({ type: 'spki', format: 'der' })).toEqual(wanted);
  });

  it('opens what it sealed itself', () => {
    const key = systemEntropy.privateKey('ecdsa-p384');
    for (const sealed of [sealPkcs8(key, password), sealRfc1423(key, password)]) {
      expect(name(openPrivateKey(sealed, utf8(password)))).toBe(name(key));
    }
  });

  it.each([
    ['PBES2', pkcs8(ec)],
    ['RFC 1423', legacy('ec', ec)],
  ])('says that a password does not open a key under %s, and quotes neither', (_how, sealed) => {
    const caught = errorOf(() => openPrivateKey(sealed, utf8('hunter2')));
    expect(caught).toMatchObject({
      fault: 'contradiction',
      message: 'is a private key that its password does not open',
    });
    expect(caught.message).not.toContain('hunter2');
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'is empty'],
    ['two keys', Buffer.concat([ec, rsa]), 'is not one private key in PEM'],
    ['a public key', openssl(['pkey', '-pubout'], ec), 'is not one private key in PEM'],
    ['a key that is broken', broken('PRIVATE KEY'), 'is a private key that cannot be read'],
    ['a sealed key that is no ASN.1', pem('ENCRYPTED PRIVATE KEY', utf8('hello')), unknown],
    ['a sealed key of other ASN.1', broken('ENCRYPTED PRIVATE KEY'), unknown],
    ["cosign's box", broken('ENCRYPTED COSIGN PRIVATE KEY'), unknown],
    ['an odd digest', pkcs8(ec, '-v2prf', 'hmacWithSHA512-256'), unknown],
    ['a digest that Rekor takes for SHA-1', pkcs8(ec, '-v2prf', 'hmacWithSHA512'), unknown],
    ['a cipher that Go does not know', pkcs8(ec, '-v2', 'aria-256-cbc'), unknown],
    [
      'another cipher under RFC 1423',
      openssl(['ec', '-camellia256', '-passout', `pass:${password}`], ec),
      unknown,
    ],
    [
      'explicit curve parameters',
      openssl(['ec', '-param_enc', 'explicit'], ec),
      'explicit curve parameters',
    ],
    [
      'P-224',
      openssl(['ecparam', '-genkey', '-noout', '-name', 'secp224r1']),
      'of a kind or length',
    ],
    ['no rounds at all', withRounds(0), unknown],
    ['scrypt', pkcs8(ec, '-scrypt'), unknown],
    ['PBES1', pkcs8(ec, '-v1', 'PBE-SHA1-3DES'), unknown],
  ])('refuses %s as bad data', (_what, bytes, message) => {
    const caught = errorOf(() => openPrivateKey(bytes, utf8(password)));
    expect(caught).toMatchObject({ fault: 'data' });
    expect(caught.message).toContain(message);
  });

  it.each([1_000_000_000, 2 ** 31 - 1, 2 ** 62])(
    'refuses %i rounds of PBKDF2 at once',
    (rounds) => {
      const start = performance.now();
      expect(() => openPrivateKey(withRounds(rounds), utf8(password))).toThrow(
        'asks for more than 1500000 rounds of PBKDF2',
      );
      expect(performance.now() - start).toBeLessThan(500);
    },
  );

  it('computes no rounds for what is not labelled as sealed', () => {
    const [body = ''] =
      /(?<=KEY-----)[^-]*/.exec(Buffer.from(withRounds(2 ** 31 - 1)).toString()) ?? [];
    const start = performance.now();
    for (const head of ['', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n']) {
      const text = `-----BEGIN PRIVATE KEY-----\n${head}${body.trim()}\n-----END PRIVATE KEY-----\n`;
      expect(errorOf(() => openPrivateKey(utf8(text), utf8(password)))).toMatchObject({
        fault: 'data',
      });
    }
    expect(performance.now() - start).toBeLessThan(500);
  });

  it('refuses a key under an empty password, which its servers would not open', () => {
    const sealed = openssl(['pkcs8', '-topk8', '-passout', 'pass:'], ec);
    expect(errorOf(() => openPrivateKey(sealed, utf8('')))).toMatchObject({
      fault: 'contradiction',
      message: 'is sealed, and its password is empty',
    });
  });

  it.each([
    ['Latin-1', Buffer.from('pässword', 'latin1')],
    ['octets by chance', Buffer.from('c328fe91', 'hex')],
    ['a NUL', Buffer.from('correct\0horse')],
  ])('refuses a password that no environment holds: %s', (_what, passphrase) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const how = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
    for (const key of [Buffer.from(privateKey.export(how)), ed25519]) {
      const caught = errorOf(() => openPrivateKey(key, passphrase));
      expect(caught).toMatchObject({ fault: 'data' });
      expect(caught.message).toContain('no environment variable holds');
      expect(caught.message + caught.hint).not.toContain('horse');
    }
  });

  it('takes a password in any letters', () => {
    const passphrase = Buffer.from(' pässwörd 密码\t');
    const { privateKey } = generateKeyPairSync('ed25519');
    const how = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
    const opened = openPrivateKey(Buffer.from(privateKey.export(how)), passphrase);
    expect(name(opened)).toBe(name(privateKey));
  });

  it('refuses an EC key whose point is another one’s', () => {
    const [der, other] = [ec, openssl(['ecparam', '-genkey', '-noout', '-name', 'prime256v1'])].map(
      (key) => openssl(['ec', '-outform', 'DER'], key),
    );
    const mixed = Buffer.concat([der!.subarray(0, -64), other!.subarray(-64)]);
    expect(errorOf(() => openPrivateKey(pem('EC PRIVATE KEY', mixed), utf8('')))).toMatchObject({
      fault: 'contradiction',
    });
  });

  it('refuses an RSA key whose numbers do not belong together', () => {
    const der = openssl(['rsa', '-traditional', '-outform', 'DER'], rsa);
    der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
    expect(errorOf(() => openPrivateKey(pem('RSA PRIVATE KEY', der), utf8('')))).toMatchObject({
      fault: 'data',
    });
  });

  it.each([
    ['PBES2', pkcs8(ec)],
    ['no password', openssl(['ec'], ec)],
    ['a blank line behind it', Buffer.concat([legacy('ec', ec), Buffer.from('\n')])],
  ])('refuses for ct_server what that does not read: a key with %s', (_what, sealed) => {
    const caught = errorOf(() => refuseNotForCtServer(sealed));
    expect(caught).toMatchObject({ fault: 'data' });
    expect(caught.message).toContain('ct_server');
    expect(() => refuseNotForCtServer(legacy('ec', ec))).not.toThrow();
  });

  it('opens the next key after one that it refused', () => {
    errorOf(() => openPrivateKey(pkcs8(ec, '-scrypt'), utf8(password)));
    expect(() => openPrivateKey(ec, utf8(''))).not.toThrow();
  });
});

function broken(label: string): Buffer {
  return Buffer.from(`-----BEGIN ${label}-----\nMAMCAQA=\n-----END ${label}-----\n`);
}

/** A sealed key that claims so many rounds; openssl itself would compute them. */
function withRounds(rounds: number): Uint8Array {
  const structure = `
asn1 = SEQUENCE:sealed
[sealed]
algorithm = SEQUENCE:algorithm
data = FORMAT:HEX,OCT:00112233445566778899aabbccddeeff
[algorithm]
id = OID:PBES2
parameters = SEQUENCE:parameters
[parameters]
derivation = SEQUENCE:derivation
encryption = SEQUENCE:encryption
[derivation]
id = OID:PBKDF2
parameters = SEQUENCE:pbkdf2
[pbkdf2]
salt = FORMAT:HEX,OCT:0011223344556677
rounds = INTEGER:${rounds}
prf = SEQUENCE:prf
[prf]
id = OID:hmacWithSHA256
none = NULL
[encryption]
id = OID:AES-256-CBC
iv = FORMAT:HEX,OCT:00112233445566778899aabbccddeeff
`;
  return withFiles({ structure }, (path) => {
    openssl(['asn1parse', '-noout', '-genconf', path('structure'), '-out', path('der')]);
    return pem('ENCRYPTED PRIVATE KEY', readFileSync(path('der')));
  });
}

function errorOf(act: () => unknown): PkiError {
  try {
    act();
  } catch (error) {
    if (error instanceof PkiError) return error;
    throw error;
  }
  expect.unreachable('nothing was thrown');
}
