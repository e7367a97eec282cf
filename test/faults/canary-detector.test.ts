import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { systemEntropy } from '@sigstand/pki/entropy';
import { sealPkcs8, sealRfc1423 } from '@sigstand/pki/seal';
import { describe, expect, it } from 'vitest';
import { canaries } from './canary.ts';
import { keySecrets, pemSecrets, secretsOf } from './canary-secrets.ts';

const bytes = new Uint8Array(randomBytes(200));
const detector = canaries([{ name: 'it', bytes }]);
const forms = (text: string | Uint8Array, of = detector) =>
  of.hits('here', text).map(({ form }) => form);

/** Twelve bytes from every place of the secret, as text. */
const pieces = (write: (piece: Buffer) => string | Uint8Array) =>
  Array.from({ length: bytes.length - 12 }, (_, at) =>
    write(Buffer.from(bytes.subarray(at, at + 12))),
  );
const around = (text: string) => `job: error: ${text}; do that\n`;
const broken = (text: string) => text.replace(/^(.{5})/s, '$1\n');

describe('the detector finds any twelve bytes of a secret', () => {
  it.each<[string, string, (piece: Buffer) => string | Uint8Array]>([
    ['as bytes', 'bytes', (piece) => Buffer.concat([Buffer.from('a'), piece, Buffer.from('z')])],
    ['in hex', 'hex', (piece) => around(piece.toString('hex'))],
    ['in upper-case hex', 'hex', (piece) => around(piece.toString('hex').toUpperCase())],
    ['in hex, split by a newline', 'hex', (piece) => around(broken(piece.toString('hex')))],
    [
      'in hex with colons',
      'hex',
      (piece) => around(piece.toString('hex').replace(/..(?=.)/g, '$&:')),
    ],
    ['as 0x30, 0x81', 'hex', (piece) => around(piece.toString('hex').replace(/../g, '0x$&, '))],
    ['as \\x30\\x81', 'hex', (piece) => around(piece.toString('hex').replace(/../g, '\\x$&'))],
    ['as Node shows a Buffer', 'hex', (piece) => around(inspect(piece))],
    ['as Node shows a Uint8Array', 'numbers', (piece) => around(inspect(new Uint8Array(piece)))],
    ['as JSON of a Buffer', 'numbers', (piece) => around(JSON.stringify(piece))],
  ])('%s', (_what, form, write) => {
    expect(pieces(write).filter((text) => !forms(text).includes(form as 'hex'))).toEqual([]);
  });

  it.each([0, 1, 2])('in base64 after %i other bytes', (before) => {
    const encode = (piece: Buffer) =>
      Buffer.concat([randomBytes(before), piece, randomBytes(3)]).toString('base64');
    const missed = (write: (piece: Buffer) => string) =>
      pieces(write).filter((text) => !forms(text).includes('base64'));
    expect(missed((piece) => around(encode(piece)))).toEqual([]);
    expect(missed((piece) => around(broken(encode(piece))))).toEqual([]);
    expect(missed((piece) => JSON.stringify(broken(encode(piece))))).toEqual([]);
    expect(missed((piece) => encode(piece).replaceAll('+', '-').replaceAll('/', '_'))).toEqual([]);
  });

  it('in a text that is split by a newline, as it is or escaped', () => {
    const password = systemEntropy.password();
    const one = canaries([{ name: 'it', bytes: Buffer.from(password) }]);
    for (let at = 0; at + 12 <= password.length; at += 1) {
      const piece = broken(password.slice(at, at + 12));
      expect(forms(around(piece), one)).toEqual(['bytes']);
      expect(forms(JSON.stringify(around(piece)), one)).toEqual(['bytes']);
    }
  });

  it('and tells place and name, not the bytes', () => {
    expect(detector.hits('stderr', Buffer.from(bytes))).toEqual([
      { place: 'stderr', secret: 'it', form: 'bytes' },
    ]);
  });
});

describe('the detector finds nothing', () => {
  it('in fewer bytes, in other bytes, or in nothing', () => {
    expect(forms(bytes.subarray(0, 11))).toEqual([]);
    expect(forms(Buffer.from(bytes.subarray(0, 10)).toString('base64'))).toEqual([]);
    expect(forms(Buffer.from(bytes.subarray(0, 11)).toString('hex'))).toEqual([]);
    expect(forms(randomBytes(1_000_000))).toEqual([]);
    expect(forms(randomBytes(1_000_000).toString('base64'))).toEqual([]);
    expect(forms('')).toEqual([]);
  });
});

describe('a short password', () => {
  const short = canaries([{ name: 'password', bytes: Buffer.from('hunter2!') }]);

  it.each([
    ['as it is', 'error: hunter2! is wrong'],
    ['in base64', Buffer.from('user:hunter2!').toString('base64')],
    ['in hex', Buffer.from('hunter2!').toString('hex')],
  ])('is found as a whole, %s', (_what, text) => {
    expect(forms(text, short)).not.toEqual([]);
  });

  it('is not found where only a part of it is', () => {
    expect(forms('hunter2 and hunter', short)).toEqual([]);
  });
});

const keys: [string, () => KeyObject][] = [
  ['ecdsa-p256', () => systemEntropy.privateKey('ecdsa-p256')],
  ['ecdsa-p521', () => systemEntropy.privateKey('ecdsa-p521')],
  ['ed25519', () => systemEntropy.privateKey('ed25519')],
  ['rsa', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
];

describe.each(keys)('an %s key', (type, make) => {
  const key = make();
  const password = systemEntropy.password();
  const sealed = Buffer.from(sealPkcs8(key, password));
  const found = canaries(keySecrets('key', key));
  const pem = (one: KeyObject) => String(one.export({ type: 'pkcs8', format: 'pem' }));
  const data = { private: sealed, password: Buffer.from(password) };
  const all = canaries(secretsOf('Secret ns/name', data, ['private', 'password']));

  it('is found by its scalar, in any of its forms, and opened from its Secret', () => {
    const { d = '' } = key.export({ format: 'jwk' });
    const scalar = Buffer.from(d, 'base64url');
    for (const detector of [found, all]) {
      for (const text of [scalar, d, scalar.toString('hex'), pem(key)]) {
        expect(detector.hits('', text)).not.toEqual([]);
      }
    }
    if (type === 'rsa') {
      expect(forms(key.export({ type: 'pkcs1', format: 'der' }), found)).toContain('bytes');
    } else if (type !== 'ed25519') {
      expect(forms(key.export({ type: 'sec1', format: 'der' }), found)).toContain('bytes');
    }
  });

  it('is found by any line of its PEM, plain or sealed', () => {
    const texts = [pem(key), sealed.toString()];
    if (type !== 'ed25519') texts.push(Buffer.from(sealRfc1423(key, password)).toString());
    const detector = canaries(
      texts
        .flatMap((text) => pemSecrets('pem', Buffer.from(text), key))
        .concat(keySecrets('k', key)),
    );
    // The first lines of a sealed key say how it is sealed; a plain one has its public half in some.
    const lines = texts.slice(1).flatMap((text) => text.split('\n').slice(3, -2));
    expect(lines.filter((line) => line.length > 40 && forms(line, detector).length === 0)).toEqual(
      [],
    );
    for (const text of texts) {
      expect(forms(text, detector)).not.toEqual([]);
      expect(forms(Buffer.from(text).toString('base64'), detector)).not.toEqual([]);
      expect(forms(JSON.stringify({ text }), detector)).not.toEqual([]);
    }
    expect(all.hits('', password.slice(7, 19))).toMatchObject([
      { secret: 'Secret ns/name key password' },
    ]);
  });

  it('is not found in its public half, nor in what is true of every such key', () => {
    const other = make();
    const spki = all.hits('', JSON.stringify(key.export({ format: 'jwk' }).x ?? ''));
    expect(spki).toEqual([]);
    expect(all.hits('', pem(other))).toEqual([]);
    expect(all.hits('', other.export({ type: 'pkcs8', format: 'der' }))).toEqual([]);
    expect(all.hits('', Buffer.from(sealPkcs8(other, 'another password')))).toEqual([]);
  });
});

describe('the detector', () => {
  it('reads a megabyte in less than a second of work', () => {
    const key = systemEntropy.privateKey('ecdsa-p256');
    const many = canaries(Array.from({ length: 20 }, (_, at) => keySecrets(`${at}`, key)).flat());
    const text = randomBytes(750_000).toString('base64');
    const start = process.cpuUsage();
    expect(many.hits('', text)).toEqual([]);
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(1_000_000);
  });
});
