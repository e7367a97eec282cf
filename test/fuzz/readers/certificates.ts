import { createHash, type KeyObject, sign } from 'node:crypto';
import { bits, element, hex, integer, latin1, octets, oid, sequence, set } from './der-writer.ts';
import { key, publicDer } from './keys.ts';

/** An attribute of a name: its type, and the string with its tag. */
export type Attribute = readonly [type: string, tag: number, text: string];

/** An extension: what is in its OCTET STRING, and between its OID and that. */
export interface Extension {
  id: string;
  value: Uint8Array;
  critical?: Uint8Array | undefined;
}

/** A certificate before it is signed. Whatever is wrong with it is wrong on purpose. */
export interface Spec {
  version: Uint8Array[];
  serial: string;
  subject: Attribute[][];
  /** Undefined for the issuer's own name. */
  issuer?: Attribute[][];
  validity: Uint8Array[];
  key: KeyObject;
  /** Undefined for the key's, as Node writes it. */
  spki?: Uint8Array;
  extensions: Extension[];
  /** Elements behind the extensions, and before them. */
  behind: Uint8Array[];
  ids: Uint8Array[];
  digest: string | null;
  /** AlgorithmIdentifier, where it is not the signature's own; inside, and outside. */
  inner?: Uint8Array;
  outer?: Uint8Array;
  /** What becomes of the bytes in the end. */
  finish: (der: Uint8Array) => Uint8Array;
}

export const critical = element(0x01, hex('ff'));
export const ids = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  subjectKey: '2.5.29.14',
  authorityKey: '2.5.29.35',
  names: '2.5.29.17',
} as const;
export const purposes = { codeSigning: '1.3.6.1.5.5.7.3.3', timeStamping: '1.3.6.1.5.5.7.3.8' };

export const name = (text: string): Attribute[][] => [
  [['2.5.4.10', 0x0c, 'Example']],
  [['2.5.4.3', 0x0c, text]],
];

const utc = (time: Date) => element(0x17, latin1(stamp(time).slice(2)));
const stamp = (time: Date) => time.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
const year = 31_536_000_000;
/** The moment of all trials: certificates are valid from a day before it. */
export const now = new Date(Math.floor(Date.now() / 1_000) * 1_000);
const day = 86_400_000;

export const keyUsage = (octet: string, unused: number) => bits(hex(octet), unused);

export function caSpec(subject: string, keyName: string): Spec {
  return {
    version: [element(0xa0, integer('02'))],
    serial: createHash('sha256').update(subject).digest('hex').replace(/^./, '4').slice(0, 16),
    subject: name(subject),
    validity: [utc(new Date(now.getTime() - day)), utc(new Date(now.getTime() + 5 * year))],
    key: key(keyName),
    extensions: [
      { id: ids.basicConstraints, critical, value: sequence(element(0x01, hex('ff'))) },
      { id: ids.keyUsage, critical, value: keyUsage('06', 1) },
      { id: ids.subjectKey, value: octets(hex('0102')) },
    ],
    behind: [],
    ids: [],
    digest: 'sha256',
    finish: (der) => der,
  };
}

export function extendedKeyUsage(...purposes: string[]): Extension {
  return { id: ids.extKeyUsage, value: sequence(...purposes.map(oid)) };
}

export function leafSpec(subject: string, keyName: string): Spec {
  return {
    ...caSpec(subject, keyName),
    extensions: [
      { id: ids.keyUsage, critical, value: keyUsage('80', 7) },
      { ...extendedKeyUsage(purposes.timeStamping), critical },
    ],
  };
}

const algorithms: Record<string, string> = {
  ec_sha1: '1.2.840.10045.4.1',
  ec_sha224: '1.2.840.10045.4.3.1',
  ec_sha256: '1.2.840.10045.4.3.2',
  ec_sha384: '1.2.840.10045.4.3.3',
  ec_sha512: '1.2.840.10045.4.3.4',
  rsa_sha1: '1.2.840.113549.1.1.5',
  rsa_sha224: '1.2.840.113549.1.1.14',
  rsa_sha256: '1.2.840.113549.1.1.11',
  rsa_sha384: '1.2.840.113549.1.1.12',
  rsa_sha512: '1.2.840.113549.1.1.13',
};

function algorithmOf({ asymmetricKeyType: type }: KeyObject, digest: string | null) {
  if (type === 'ed25519') return sequence(oid('1.3.101.112'));
  if (type === 'ed448') return sequence(oid('1.3.101.113'));
  const parameters = type === 'rsa' ? [element(0x05)] : [];
  return sequence(oid(algorithms[`${type}_${digest}`] ?? '1.2.3.4'), ...parameters);
}

const nameDer = (sets: readonly Attribute[][]) =>
  sequence(
    ...sets.map((one) =>
      set(...one.map(([type, tag, text]) => sequence(oid(type), element(tag, latin1(text))))),
    ),
  );

/** The certificate, signed by the issuer, or by itself. */
export function signed(spec: Spec, issuer: Spec = spec): Uint8Array {
  const extensions = spec.extensions.map(({ id, critical: flag, value }) =>
    sequence(oid(id), ...(flag ? [flag] : []), octets(value)),
  );
  const algorithm = algorithmOf(issuer.key, spec.digest);
  const tbs = sequence(
    ...spec.version,
    integer(spec.serial),
    spec.inner ?? algorithm,
    nameDer(spec.issuer ?? issuer.subject),
    sequence(...spec.validity),
    nameDer(spec.subject),
    spec.spki ?? publicDer(spec.key),
    ...spec.ids,
    ...(extensions.length > 0 ? [element(0xa3, sequence(...extensions))] : []),
    ...spec.behind,
  );
  return resigned(spec, issuer, tbs);
}

/** These bytes, signed as the certificate would be. */
export function resigned(spec: Spec, issuer: Spec, tbs: Uint8Array): Uint8Array {
  const digest = /^ed/.test(issuer.key.asymmetricKeyType ?? '') ? null : (spec.digest ?? 'sha256');
  const signature = sign(digest, tbs, issuer.key);
  const algorithm = spec.outer ?? spec.inner ?? algorithmOf(issuer.key, spec.digest);
  return spec.finish(sequence(tbs, algorithm, bits(signature)));
}
