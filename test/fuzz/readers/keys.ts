import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { publicKeyOf } from '@sigstand/pki/keys';
import { pem, pemBlocks } from '@sigstand/pki/pem';
import { openssl } from '@sigstand/pki/testing';
import { bits, element, hex, integer, nothing, octets, oid, sequence } from './der-writer.ts';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey;

/** Keys of all kinds, made once: which of them is used is what is tried. */
export const keyPool: Readonly<Record<string, KeyObject>> = {
  'P-256': ec('P-256'),
  'another P-256': ec('P-256'),
  'P-384': ec('P-384'),
  'P-521': ec('P-521'),
  'RSA 2048': rsa(2_048),
  'RSA 3072': rsa(3_072),
  Ed25519: generateKeyPairSync('ed25519').privateKey,
  'P-224': ec('secp224r1'),
  secp256k1: ec('secp256k1'),
  'RSA 1024': rsa(1_024),
  'RSA of exponent 3': rsa(2_048, 3),
  Ed448: generateKeyPairSync('ed448').privateKey,
};

export const key = (name: string): KeyObject => keyPool[name] as KeyObject;

export function der(privateKey: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): Uint8Array {
  return new Uint8Array(privateKey.export({ type, format: 'der' }) as Buffer);
}

/** SubjectPublicKeyInfo as Node writes it. */
export function publicDer(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(publicKeyOf(privateKey).export({ type: 'spki', format: 'der' }));
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const converted = new Map<string, Uint8Array>();

/** What openssl makes of a key: it is asked once for each form. */
export function inForm(privateKey: KeyObject, ...form: string[]): Uint8Array {
  const plain = Buffer.from(pem('PRIVATE KEY', der(privateKey, 'pkcs8')));
  const name = [sha256(plain), ...form].join();
  const found = converted.get(name) ?? new Uint8Array(openssl(form, plain));
  converted.set(name, found);
  return found;
}

const body = (text: Uint8Array) => pemBlocks(text)[0]?.der ?? new Uint8Array();
const isEc = (privateKey: KeyObject) => privateKey.asymmetricKeyType === 'ec';

/** A private key as its label and DER say it, in one of many ways; some of them are wrong. */
export interface Encoding {
  readonly label: string;
  readonly der: Uint8Array;
}

type Encode = (privateKey: KeyObject) => Encoding;

const pkcs8: Encode = (one) => ({ label: 'PRIVATE KEY', der: der(one, 'pkcs8') });

/** In the form that has its own label, where the kind of key has one. */
const traditional: Encode = (one) => {
  if (isEc(one)) return { label: 'EC PRIVATE KEY', der: der(one, 'sec1') };
  if (one.asymmetricKeyType === 'rsa') return { label: 'RSA PRIVATE KEY', der: der(one, 'pkcs1') };
  return pkcs8(one);
};

const ofEc =
  (...form: string[]): Encode =>
  (one) =>
    isEc(one) ? { label: 'EC PRIVATE KEY', der: body(inForm(one, 'ec', ...form)) } : pkcs8(one);

const curves: Record<string, string> = {
  prime256v1: '1.2.840.10045.3.1.7',
  secp384r1: '1.3.132.0.34',
};

/** SEC 1, with another scalar's length, version or point. */
const sec1 =
  (change: (parts: { d: string; curve: Uint8Array; point: Uint8Array }) => Uint8Array[]): Encode =>
  (one) => {
    const curve = curves[one.asymmetricKeyDetails?.namedCurve ?? ''];
    if (curve === undefined) return pkcs8(one);
    const { d = '', x = '', y = '' } = one.export({ format: 'jwk' });
    const [scalar, ...point] = [d, x, y].map((text) => Buffer.from(text, 'base64url'));
    const parts = {
      d: scalar?.toString('hex') ?? '',
      curve: element(0xa0, oid(curve)),
      point: element(0xa1, bits(Buffer.concat([hex('04'), ...point]))),
    };
    return { label: 'EC PRIVATE KEY', der: sequence(...change(parts)) };
  };

const scalar = (digits: string) => octets(hex(digits));
const one = integer('01');

export const encodings: Readonly<Record<string, Encode>> = {
  'PKCS #8': pkcs8,
  traditional,
  compressed: ofEc('-conv_form', 'compressed'),
  hybrid: ofEc('-conv_form', 'hybrid'),
  'without its point': ofEc('-no_public'),
  'explicit parameters': ofEc('-param_enc', 'explicit'),
  'scalar with zeros before it': sec1(({ d, curve, point }) => [
    one,
    scalar(`0000${d}`),
    curve,
    point,
  ]),
  'scalar cut off': sec1(({ d, curve, point }) => [one, scalar(d.slice(2)), curve, point]),
  'scalar zero': sec1(({ d, curve }) => [one, scalar(d.replaceAll(/./g, '0')), curve]),
  'scalar too large': sec1(({ d, curve }) => [one, scalar(d.replaceAll(/./g, 'f')), curve]),
  'another point': sec1(({ d, curve }) => [
    one,
    scalar(d),
    curve,
    element(0xa1, bits(publicDer(key('another P-256')).subarray(-65))),
  ]),
  'no curve': sec1(({ d, point }) => [one, scalar(d), point]),
  'another version': sec1(({ d, curve, point }) => [integer('02'), scalar(d), curve, point]),
  'something behind it': sec1(({ d, curve, point }) => [one, scalar(d), curve, point, nothing()]),
  'the wrong label': (one) => ({ ...traditional(one), label: 'PRIVATE KEY' }),
  'PKCS #8 of version 7': (one) => {
    const found = Buffer.from(der(one, 'pkcs8'));
    const at = found.indexOf(Buffer.from('020100', 'hex'));
    found[at + 2] = 7;
    return { label: 'PRIVATE KEY', der: found };
  },
  'RSA with one bit changed': (one) => {
    if (one.asymmetricKeyType !== 'rsa') return pkcs8(one);
    const found = Buffer.from(der(one, 'pkcs1'));
    found[found.length - 20] = (found[found.length - 20] ?? 0) ^ 1;
    return { label: 'RSA PRIVATE KEY', der: found };
  },
};
