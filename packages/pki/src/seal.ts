import {
  createCipheriv,
  createPrivateKey,
  type KeyObject,
  type PrivateKeyInput,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import type forge from 'node-forge';
// Its ASN.1 alone: the whole of it is an eighth of a Job's bundle.
import asn1 from 'node-forge/lib/asn1.js';
import { dotted, type Element, elements, integer, tag } from './der.ts';
import { PkiError } from './error.ts';
import { fromUtf8, type PemBlock, pem, pemBlocks, utf8 } from './pem.ts';

// OWASP's figure for PBKDF2-HMAC-SHA256, and upstream's; node:crypto's own export stays at 2,048.
const iterations = 600_000;
// More than anybody recommends; with the slowest digest it takes less than a second.
const mostIterations = 1_500_000;

const oid = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha1: '1.2.840.113549.2.7',
  hmacWithSha256: '1.2.840.113549.2.9',
  hmacWithSha384: '1.2.840.113549.2.10',
  hmacWithSha512: '1.2.840.113549.2.11',
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

/**
 * The one private key in a PEM text, opened with its password. A key that is not encrypted opens with
 * any password, as it does for the servers.
 *
 * @throws {PkiError} data, where it is no such key; contradiction, where the password is not its own.
 */
export function openPrivateKey(bytes: Uint8Array, password: Uint8Array): KeyObject {
  const [block, ...others] = pemBlocks(bytes);
  if (block === undefined || others.length > 0 || !block.label.endsWith('PRIVATE KEY')) {
    throw new PkiError('is not one private key in PEM');
  }
  const { encrypted, key } = readingOf(block);
  try {
    return createPrivateKey(encrypted ? { ...key, passphrase: fromUtf8(password) } : key);
  } catch {
    throw encrypted
      ? new PkiError('is a private key that its password does not open', 'contradiction')
      : new PkiError('is a private key that cannot be read');
  }
}

interface Reading {
  readonly encrypted: boolean;
  /** What stands in the block, and nothing that OpenSSL might see in it besides. */
  readonly key: PrivateKeyInput;
}

const plain = {
  'PRIVATE KEY': 'pkcs8',
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
} as const;

/** @throws {PkiError} Where it is encrypted in a way that the servers do not read, or at a price. */
function readingOf({ label, der, text }: PemBlock): Reading {
  const key = { key: Buffer.from(der), format: 'der' } as const;
  const headed = /^[\w-]+: /m.test(text);
  if (label === 'ENCRYPTED PRIVATE KEY' && !headed) {
    refuseCostly(der);
    return { encrypted: true, key: { ...key, type: 'pkcs8' } };
  }
  const type = plain[label as keyof typeof plain];
  // Sigstore's and OpenSSH's own boxes have labels of their own, and not all servers open them.
  if (type === undefined) throw unknownEncryption();
  if (!headed) return { encrypted: false, key: { ...key, type } };
  // Below the headers of RFC 1423 there could be a second box, with a price that cannot be seen.
  if (type === 'pkcs8' || !/^Proc-Type: 4,ENCRYPTED\r?$/m.test(text)) throw unknownEncryption();
  return { encrypted: true, key: { key: text, format: 'pem' } };
}

/** The iteration count stands in the file: whoever wrote it decides how long we compute. */
function refuseCostly(der: Uint8Array): void {
  const count = iterationCount(der);
  if (count > mostIterations) {
    throw new PkiError(`asks for more than ${mostIterations} rounds of PBKDF2`);
  }
  if (count < 1) throw unknownEncryption();
}

function iterationCount(der: Uint8Array): bigint {
  // EncryptedPrivateKeyInfo → algorithm → parameters → keyDerivationFunc: its OID and its parameters
  const [scheme] = step(elements(der)[0]);
  const [id, parameters] = step(step(step(scheme)[1])[0]);
  const [, count, ...others] = step(parameters);
  if (id === undefined || dotted(id.content) !== oid.pbkdf2) throw unknownEncryption();
  if (count?.tag !== tag.integer) throw unknownEncryption();
  refuseOddDigest(others);
  return integer(count.content);
}

/** PBKDF2-params (RFC 8018 §A.2) end with a length and the digest, SHA-1 where none is named. */
function refuseOddDigest(parts: readonly Element[]): void {
  const named = parts.find((part) => part.tag === tag.sequence);
  const digest = named && step(named)[0];
  const known = [oid.hmacWithSha1, oid.hmacWithSha256, oid.hmacWithSha384, oid.hmacWithSha512];
  // Some of the others take several times as long a round.
  if (digest && !known.includes(dotted(digest.content))) throw unknownEncryption();
}

function step(element: Element | undefined): Element[] {
  if (element?.tag !== tag.sequence) throw unknownEncryption();
  return elements(element.content);
}

function unknownEncryption(): PkiError {
  return new PkiError('is encrypted in a way that is not known here');
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
