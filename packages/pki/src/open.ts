import { createDecipheriv, createHash, type KeyObject, pbkdf2Sync } from 'node:crypto';
import { contentOf, type Element, integerOf, oidOf, only, tag, within } from './der.ts';
import { PkiError } from './error.ts';
import { refuseUntold } from './password.ts';
import { type PemBlock, pemBlocks } from './pem.ts';
import { plainLabels, readPkcs8 } from './private-key.ts';

/**
 * The one private key in a PEM text, opened with its password. A key that is not encrypted opens with
 * any password, as it does for the servers.
 *
 * @throws {PkiError} data, where it is no such key, or sealed so that one of its servers cannot open it;
 *   contradiction, where the password is not its own, or its parts do not belong together.
 */
export function openPrivateKey(bytes: Uint8Array, password: Uint8Array): KeyObject {
  const [block, ...others] = pemBlocks(bytes);
  if (block === undefined || others.length > 0 || !block.label.endsWith('PRIVATE KEY')) {
    throw new PkiError('is not one private key in PEM');
  }
  refuseUntold(password);
  return isSealed(block) ? opened(block, password) : plain(block);
}

/**
 * ct_server reads a key only if it is sealed by RFC 1423 and nothing stands behind it, not even a blank line.
 *
 * @throws {PkiError} Where it would not start with this one.
 */
export function refuseNotForCtServer(bytes: Uint8Array): void {
  const [{ headers, text } = { headers: {}, text: '' }] = pemBlocks(bytes);
  const end = Buffer.from(bytes.subarray(bytes.length - text.length)).toString('latin1');
  if ('DEK-Info' in headers && end === text) return;
  throw new PkiError(
    'is not what ct_server reads: one key, sealed by RFC 1423, and nothing behind it',
  );
}

function isSealed({ label, headers }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || Object.keys(headers).length > 0;
}

function plain({ label, der }: PemBlock): KeyObject {
  // Sigstore's and OpenSSH's own boxes have labels of their own, and not all servers open them.
  const read = plainLabels[label];
  if (read === undefined) throw unknownSeal();
  return ours(() => read(der), new PkiError('is a private key that cannot be read'));
}

function opened(block: PemBlock, password: Uint8Array): KeyObject {
  if (password.length === 0) {
    // Fulcio and ct_server take an empty password for none, and open nothing that is sealed by it.
    throw new PkiError('is sealed, and its password is empty', 'contradiction');
  }
  const { label } = block;
  const read = label === 'ENCRYPTED PRIVATE KEY' ? readPkcs8 : plainLabels[label];
  // Go's readers know RFC 1423 for keys that name their kind; openssl writes no others.
  if (read === undefined || label === 'PRIVATE KEY') throw unknownSeal();
  const open = label === 'ENCRYPTED PRIVATE KEY' ? pbes2(block) : rfc1423(block);
  const wrong = new PkiError('is a private key that its password does not open', 'contradiction');
  const attempt = (password: Uint8Array) => ours(() => read(open(password)), wrong);
  try {
    return attempt(password);
  } catch (error) {
    throw error === wrong && opensWithoutEnd(attempt, password) ? lineFeed() : error;
  }
}

/** Whether a password would do but for the line feeds behind it. */
function opensWithoutEnd(attempt: (password: Uint8Array) => KeyObject, password: Uint8Array) {
  const end = password.findLastIndex((octet) => octet !== 0x0a && octet !== 0x0d) + 1;
  if (end === 0 || end === password.length) return false;
  try {
    return attempt(password.subarray(0, end)) !== undefined;
  } catch {
    return false;
  }
}

/** The servers take a password as it stands. */
function lineFeed(): PkiError {
  return new PkiError(
    'is a private key that its password would open without the line feed at its end',
    'contradiction',
    'nothing was changed; write the password without it: printf adds none, echo and editors do',
  );
}

/** Whether a PEM text is one private key that no password protects; false for what cannot be read. */
export function isPlainKey(bytes: Uint8Array): boolean {
  try {
    const [block, ...others] = pemBlocks(bytes);
    return (
      block !== undefined && others.length === 0 && block.label in plainLabels && !isSealed(block)
    );
  } catch {
    return false;
  }
}

/** Our own words of what is wrong with a key; for all else, that it is no key. */
function ours(read: () => KeyObject, otherwise: PkiError): KeyObject {
  try {
    return read();
  } catch (error) {
    // Bytes that were opened with the wrong password are no DER.
    throw error instanceof PkiError && error.message !== 'is not DER' ? error : otherwise;
  }
}

type Open = (password: Uint8Array) => Uint8Array;

interface Cipher {
  readonly name: string;
  /** Octets. */
  readonly key: number;
  readonly iv: number;
}

const tripleDes: Cipher = { name: 'des-ede3-cbc', key: 24, iv: 8 };
const aes = (bits: number): Cipher => ({ name: `aes-${bits}-cbc`, key: bits / 8, iv: 16 });

/** Those that Fulcio, Rekor and the timestamp server all open; Rekor alone knows DES, and none of them GCM. */
const pbes2Ciphers: Readonly<Record<string, Cipher>> = {
  '2.16.840.1.101.3.4.1.2': aes(128),
  '2.16.840.1.101.3.4.1.22': aes(192),
  '2.16.840.1.101.3.4.1.42': aes(256),
  '1.2.840.113549.3.7': tripleDes,
};

/** The digests of PBKDF2 that they all know: Rekor takes SHA-1 in place of any other. */
const digests: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
};

const schemes = { pbes2: '1.2.840.113549.1.5.13', pbkdf2: '1.2.840.113549.1.5.12' };

// More than anybody recommends; with the slowest digest it takes less than a second.
const mostIterations = 1_500_000;

/** EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 and PBKDF2 (RFC 8018 §6.2). */
function pbes2({ der, headers }: PemBlock): Open {
  if (Object.keys(headers).length > 0) throw unknownSeal();
  const { cipher, iv, sealed, derivation } = known(() => {
    const [scheme, data] = within(only(der));
    const [id, parameters] = within(scheme);
    const [derivation, encryption] = within(parameters);
    const [name, vector] = within(encryption);
    return {
      derivation: derivation && oidOf(id) === schemes.pbes2 ? derivation : undefined,
      cipher: pbes2Ciphers[oidOf(name)],
      iv: contentOf(vector, tag.octets),
      sealed: contentOf(data, tag.octets),
    };
  });
  if (cipher === undefined || iv.length !== cipher.iv) throw unknownSeal();
  const { salt, count, digest } = pbkdf2(derivation);
  return (password) => {
    const key = pbkdf2Sync(password, salt, count, cipher.key, digest);
    return decrypted(cipher, { key, iv }, sealed);
  };
}

function pbkdf2(derivation: Element | undefined) {
  const { salt, count, digest } = known(() => {
    const [id, parameters] = within(derivation);
    // A length of the key, which may stand before the digest, makes Go overlook the digest.
    const [salt, count, named, ...others] = within(parameters);
    const [digest, nothing, ...more] = named ? within(named) : [];
    const odd = named && (nothing?.tag !== tag.nothing || more.length > 0);
    if (oidOf(id) !== schemes.pbkdf2 || odd || others.length > 0) throw unknownSeal();
    return {
      salt: contentOf(salt, tag.octets),
      count: integerOf(count),
      digest: digest ? digests[oidOf(digest)] : 'sha1',
    };
  });
  if (digest === undefined || count < 1n) throw unknownSeal();
  // The count stands in the file: whoever wrote it decides how long we compute.
  if (count > mostIterations) {
    throw new PkiError(`asks for more than ${mostIterations} rounds of PBKDF2`);
  }
  return { salt, count: Number(count), digest };
}

/** DES-CBC is missing, as no OpenSSL opens it any more. */
const rfc1423Ciphers: Readonly<Record<string, Cipher>> = {
  'AES-128-CBC': aes(128),
  'AES-192-CBC': aes(192),
  'AES-256-CBC': aes(256),
  'DES-EDE3-CBC': tripleDes,
};

/** RFC 1423, with the key that OpenSSL makes of a password: rounds of MD5. */
function rfc1423({
  der,
  headers: { 'Proc-Type': type, 'DEK-Info': info = '', ...others },
}: PemBlock): Open {
  const [name = '', vector = ''] = info.split(',');
  const cipher = rfc1423Ciphers[name];
  const whole = cipher && new RegExp(`^[0-9A-Fa-f]{${2 * cipher.iv}}$`).test(vector);
  const headed = type === '4,ENCRYPTED' && info === `${name},${vector}`;
  if (!cipher || !whole || !headed || Object.keys(others).length > 0) throw unknownSeal();
  const iv = Buffer.from(vector, 'hex');
  return (password) => {
    let key = Buffer.alloc(0);
    for (let digest = key; key.length < cipher.key; key = Buffer.concat([key, digest])) {
      const hash = createHash('md5').update(digest).update(password).update(iv.subarray(0, 8));
      digest = hash.digest();
    }
    return decrypted(cipher, { key: key.subarray(0, cipher.key), iv }, der);
  };
}

function decrypted(
  { name }: Cipher,
  { key, iv }: { key: Uint8Array; iv: Uint8Array },
  sealed: Uint8Array,
): Uint8Array {
  const decipher = createDecipheriv(name, key, iv);
  return new Uint8Array(Buffer.concat([decipher.update(sealed), decipher.final()]));
}

function known<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw unknownSeal();
  }
}

function unknownSeal(): PkiError {
  return new PkiError(
    'is encrypted in a way that not all its servers open; AES-CBC with PBKDF2 and SHA-256 is one that they do',
  );
}
