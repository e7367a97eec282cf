import { createCipheriv, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto';
import type forge from 'node-forge';
// Its ASN.1 alone: the whole of it is an eighth of a Job's bundle.
import asn1 from 'node-forge/lib/asn1.js';
import { pem, utf8 } from './pem.ts';

// OWASP's figure for PBKDF2-HMAC-SHA256, and upstream's; node:crypto's own export stays at 2,048.
const iterations = 600_000;

const oid = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
};

/** A private key under a password as PKCS #8 EncryptedPrivateKeyInfo with PBES2 (RFC 8018), in PEM. */
export function sealPkcs8(privateKey: KeyObject, password: string): Uint8Array {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const info = privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealed = Buffer.concat([cipher.update(info), cipher.final()]);

  const derivation = sequence(
    identifier(oid.pbkdf2),
    sequence(octets(salt), whole(iterations), sequence(identifier(oid.hmacWithSha256), nothing())),
  );
  const encryption = sequence(identifier(oid.aes256Cbc), octets(iv));
  const algorithm = sequence(identifier(oid.pbes2), sequence(derivation, encryption));
  const der = asn1.toDer(sequence(algorithm, octets(sealed))).getBytes();
  return pem('ENCRYPTED PRIVATE KEY', Buffer.from(der, 'latin1'));
}

/**
 * A private key under a password as RFC 1423 PEM with a DEK-Info header. Weak (one round of MD5), and
 * the only form that ct_server reads.
 */
export function sealRfc1423(privateKey: KeyObject, password: string): Uint8Array {
  const type = privateKey.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  const options = { type, format: 'pem', cipher: 'aes-256-cbc', passphrase: password } as const;
  return utf8(String(privateKey.export(options)));
}

const { UNIVERSAL } = asn1.Class;

function sequence(...nodes: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, nodes);
}

function octets(value: Buffer): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.OCTETSTRING, false, value.toString('latin1'));
}

function whole(value: number): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

function identifier(id: string): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(id).getBytes());
}

function nothing(): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.NULL, false, '');
}
