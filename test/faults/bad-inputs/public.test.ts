import { randomBytes } from 'node:crypto';
import { publicKeyOf, spki } from '@sigstand/pki/keys';
import { pem, utf8 } from '@sigstand/pki/pem';
import { openssl, withFiles } from '@sigstand/pki/testing';
import { describe, it } from 'vitest';
import { issue, oddPublicKeys, pkcs8, plain, sealed, text } from './material.ts';
import { ctlogKeyPlaces, fulcioPlaces, keyPlaces, type Place, tsaPlaces } from './places.ts';
import { expectRefused } from './refused.ts';

const { privateKey, certificate } = await issue('stray');
const der = pkcs8(privateKey);
const public_ = spki(publicKeyOf(privateKey));
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const places = [...fulcioPlaces, ...tsaPlaces, ...keyPlaces];
const each = (all: readonly Place[]) => all.map((one) => [one.name, one] as const);

describe('rows 1 to 4: where a certificate or a public key is expected,', () => {
  const strays: readonly (readonly [string, Uint8Array, string | RegExp])[] = [
    ['random bytes', new Uint8Array(randomBytes(300)), 'is not PEM'],
    [
      'random bytes in PEM',
      pem('CERTIFICATE', new Uint8Array(randomBytes(300))),
      /cannot be read|is not one/,
    ],
    [
      'random bytes as a PUBLIC KEY',
      pem('PUBLIC KEY', new Uint8Array(randomBytes(300))),
      /is not|cannot be read|behind it/,
    ],
    ['PEM that breaks off', text({ certificate, privateKey }).slice(0, 200), 'is broken PEM'],
    ['blanks', utf8(' \r\n\t '), 'is empty'],
    ['a private key', plain(privateKey), 'holds a private key'],
    [
      'a private key in SEC 1',
      utf8(String(privateKey.export({ type: 'sec1', format: 'pem' }))),
      'holds a private key',
    ],
    ['a sealed private key', sealed(privateKey), 'holds a private key'],
    [
      'a private key before a certificate',
      join(plain(privateKey), certificate),
      'holds a private key',
    ],
    [
      'a private key behind a certificate',
      join(certificate, plain(privateKey)),
      'holds a private key',
    ],
    [
      'a private key that breaks off',
      join(certificate, plain(privateKey).slice(0, 120)),
      'holds a private key',
    ],
    [
      'a private key labelled CERTIFICATE',
      pem('CERTIFICATE', der),
      /cannot be read|is not one PUBLIC KEY/,
    ],
    [
      'a private key labelled PUBLIC KEY',
      pem('PUBLIC KEY', der),
      /cannot be read|not a CERTIFICATE/,
    ],
    [
      'a private key in the block of a public one',
      pem('PUBLIC KEY', join(public_, der)),
      /behind it|not a CERTIFICATE/,
    ],
    [
      'a private key in the block of a certificate',
      openBlock(certificate, der),
      /cannot be read|is not one PUBLIC KEY/,
    ],
    ['a certificate request', certificateRequest(), /not a CERTIFICATE|is not one/],
  ];

  describe.each(each(places))('%s', (_name, { place, trial }) => {
    it.each(strays)('%s is refused by name and not quoted', (_what, bytes, why) =>
      expectRefused(trial(bytes), { status: 65, says: [place, why] }),
    );
  });

  it.each(
    each(
      [...keyPlaces, ...fulcioPlaces, ...tsaPlaces].filter(
        ({ name }) => !/createsecret|HTTP/.test(name),
      ),
    ),
  )('an empty value is not there yet, and is named: %s', async (_name, { place, trial }) => {
    if (place.endsWith('fulcio-pub-key key public') && place.includes('tuf-system')) {
      // A copy of the certificate alone is whole.
      return expectRefused(trial(utf8('')), { status: 65, says: [place, 'is empty'] });
    }
    const [object = ''] = place.split(' key ');
    return expectRefused(trial(utf8('')), {
      status: 69,
      says: [object, 'did not come'],
      othersWritten: true,
    });
  });
});

describe('rows 18 to 20: a public key that nobody should trust', () => {
  describe.each(each(keyPlaces))('%s', (_name, { place, trial }) => {
    it.each(Object.entries(oddPublicKeys))('%s is refused', (_what, make) =>
      expectRefused(trial(pem('PUBLIC KEY', make())), {
        status: 65,
        says: [place, /of a kind or length|cannot be read/],
      }),
    );
  });

  it.each(each(ctlogKeyPlaces))(
    'Ed25519 is refused for a CT log: %s',
    (_name, { place, trial }) => {
      const key = openssl(['pkey', '-pubout'], openssl(['genpkey', '-algorithm', 'ED25519']));
      return expectRefused(trial(new Uint8Array(key)), {
        status: 65,
        says: [place, 'a CT log signs with ECDSA or RSA'],
      });
    },
  );
});

function openBlock(bytes: Uint8Array, more: Uint8Array): Uint8Array {
  const body = Buffer.from(bytes)
    .toString()
    .replaceAll(/-----.*-----|\s/g, '');
  return pem('CERTIFICATE', join(Buffer.from(body, 'base64'), more));
}

function certificateRequest(): Uint8Array {
  return withFiles({ key: plain(privateKey) }, (path) =>
    openssl(['req', '-new', '-subj', '/CN=x', '-key', path('key')]),
  );
}
