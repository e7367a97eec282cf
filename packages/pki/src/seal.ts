import {
  createCipheriv,
  createPrivateKey,
  type KeyObject,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import forge from 'node-forge';
import { PkiError } from './error.ts';
import { fromUtf8, pem, pemBlocks, utf8 } from './pem.ts';

// OWASP's figure for PBKDF2-HMAC-SHA256, and upstream's; node:crypto's own export stays at 2,048.
const iterations = 600_000;
const mostIterations = 10_000_000;

const { asn1 } = forge;
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
    sequence(
      octets(salt),
      integer(iterations),
      sequence(identifier(oid.hmacWithSha256), nothing()),
    ),
  );
  const encryption = sequence(identifier(oid.aes256Cbc), octets(iv));
  const algorithm = sequence(identifier(oid.pbes2), sequence(derivation, encryption));
  const der = asn1.toDer(sequence(algorithm, octets(sealed))).getBytes();
  return pem('ENCRYPTED PRIVATE KEY', Buffer.from(der, 'binary'));
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
 * The one private key in a PEM text, opened with its password.
 *
 * @throws {PkiError}
 */
export function openPrivateKey(bytes: Uint8Array, password: Uint8Array): KeyObject {
  const [block, ...others] = pemBlocks(bytes);
  if (block === undefined || others.length > 0 || !/(^| )PRIVATE KEY$/.test(block.label)) {
    throw new PkiError('is not one private key in PEM');
  }
  if (block.label === 'ENCRYPTED PRIVATE KEY') refuseCostly(block.der);
  try {
    return createPrivateKey({ key: block.text, passphrase: fromUtf8(password) });
  } catch {
    throw new PkiError('is a private key that its password does not open', 'contradiction');
  }
}

/** The iteration count stands in the file: whoever wrote it decides how long we compute. */
function refuseCostly(der: Uint8Array): void {
  const count = iterationCount(der);
  if (count === undefined) throw new PkiError('is encrypted in a way that is not known here');
  if (count > mostIterations) throw new PkiError(`asks for ${count} rounds of PBKDF2`);
}

function iterationCount(der: Uint8Array): number | undefined {
  try {
    const info = asn1.fromDer(Buffer.from(der).toString('binary'));
    // EncryptedPrivateKeyInfo → algorithm → parameters → keyDerivationFunc → parameters → count
    const count = child(child(child(child(child(info, 0), 1), 0), 1), 1);
    return typeof count.value === 'string' ? asn1.derToInteger(count.value) : undefined;
  } catch {
    return undefined;
  }
}

function child(node: forge.asn1.Asn1, index: number): forge.asn1.Asn1 {
  const found = Array.isArray(node.value) ? node.value[index] : undefined;
  if (found === undefined) throw new PkiError('is not PBES2');
  return found;
}

const { UNIVERSAL } = asn1.Class;

function sequence(...nodes: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, nodes);
}

function octets(value: Buffer): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.OCTETSTRING, false, value.toString('binary'));
}

function integer(value: number): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

function identifier(dotted: string): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

function nothing(): forge.asn1.Asn1 {
  return asn1.create(UNIVERSAL, asn1.Type.NULL, false, '');
}
