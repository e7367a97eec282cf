import {
  ctlogConfig,
  ctlogKey,
  ctlogSecrets,
  fulcioPublicKey,
  fulcioSecrets,
  rekorSigningSecret,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { createCertChain } from '@sigstand/createcertchain/job';
import { createCerts } from '@sigstand/createcerts/job';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { createSecret } from '@sigstand/createsecret/job';
import { systemEntropy } from '@sigstand/pki/entropy';
import { fromUtf8, pem, pemBlocks, utf8 } from '@sigstand/pki/pem';
import { openssl } from '@sigstand/pki/testing';
import { type Ref, secretIn, show } from '@sigstand/store/store';
import { describe, it } from 'vitest';
import { element, now, oddKeys, password, pkcs8, sealed, text } from './material.ts';
import { ca, tsa } from './places.ts';
import { expectRefused, type Trial, tried } from './refused.ts';

/** Where a private key arrives: under which key, and beside which password. */
interface Box {
  readonly name: string;
  readonly place: string;
  readonly trial: (key: Uint8Array, password: Uint8Array) => Trial;
}

const given: Ref = secretIn('ctlog-system', 'given');
const waiting = [
  [ctlogConfig, { treeID: utf8('5') }],
  [fulcioPublicKey, { cert: text(ca) }],
] as const;
const box = (ref: Ref, key: string, trial: Box['trial']): Box => ({
  name: `${trial(new Uint8Array(), new Uint8Array()).job().command.name()}, ${show(ref)} key ${key}`,
  place: `${show(ref)} key ${key}`,
  trial,
});

const boxes: readonly Box[] = [
  box(rekorSigningSecret, 'signing-secret', (key, word) => ({
    job: createSecret,
    now,
    records: [[rekorSigningSecret, { 'signing-secret': key, 'signing-secret-password': word }]],
  })),
  box(fulcioSecrets, 'private', (key, word) => ({
    job: createCerts,
    now,
    records: [[fulcioSecrets, { cert: text(ca), private: key, password: word }]],
  })),
  box(tsaCertChain, 'signing-secret', (key, word) => ({
    job: createCertChain,
    now,
    records: [
      [
        tsaCertChain,
        { 'cert-chain': text(...tsa), 'signing-secret': key, 'signing-secret-password': word },
      ],
    ],
  })),
  box(given, 'private', (key, word) => ({
    job: createCtConfig,
    args: ['--private-secret=given'],
    now,
    records: [...waiting, [given, { private: key, password: word }]],
  })),
  box(ctlogKey, 'private', (key, word) => ({
    job: createCtConfig,
    now,
    records: [...waiting, [ctlogKey, { private: key, password: word }]],
  })),
];

// The CT log's own, whose password stands in its configuration.
const made = await tried({ job: createCtConfig, now, records: waiting });
const log = (await made.store.read(ctlogSecrets))!.data;
const logPassword = /password: "([^"]*)"/.exec(fromUtf8(log.config!))?.[1] ?? '';
const logBox = (key: Uint8Array): Trial => ({
  job: createCtConfig,
  now,
  records: [...waiting, [ctlogSecrets, { ...log, private: key }]],
});
const logPlace = 'Secret ctlog-system/ctlog-secrets key private';

const own = systemEntropy.privateKey('ecdsa-p256');
const word = utf8(password);

/** PBES2 as it stands in a sealed key, with another number of rounds (RFC 8018 §A.2). */
function withRounds(rounds: number, label = 'ENCRYPTED PRIVATE KEY'): Uint8Array {
  const der = Buffer.from(pemBlocks(sealed(own, '-iter', '65536'))[0]!.der);
  const hex = der
    .toString('hex')
    .replace('0203010000', `0204${rounds.toString(16).padStart(8, '0')}`);
  // One octet more, which the four lengths around it have to know of.
  const grown = Buffer.from(hex, 'hex');
  const outer = (bytes: Buffer, at: number) => bytes.writeUInt8(bytes.readUInt8(at) + 1, at);
  for (let at = 0, depth = 0; depth < 5; depth += 1) {
    const long = grown.readUInt8(at + 1) & 0x80 ? (grown.readUInt8(at + 1) & 0x7f) + 1 : 1;
    outer(grown, at + long);
    at += 1 + long;
    // Over the object identifiers that stand before what the count is in.
    if (grown[at] === 0x06) at += 2 + grown.readUInt8(at + 1);
  }
  return pem(label, grown);
}

describe('row 21: a sealed key', () => {
  const bad: readonly (readonly [string, Uint8Array, Uint8Array, number, RegExp])[] = [
    ['under another password', sealed(own), utf8('another'), 78, /its password does not open/],
    ['under scrypt', sealed(own, '-scrypt'), word, 65, /in a way that not all its servers open/],
    [
      'under PBES1',
      sealed(own, '-v1', 'PBE-SHA1-3DES'),
      word,
      65,
      /in a way that not all its servers open/,
    ],
    [
      'under a digest that no server has',
      sealed(own, '-v2prf', 'hmacWithSHA512-256'),
      word,
      65,
      /in a way that not all its servers open/,
    ],
    [
      'in a thousand million rounds',
      withRounds(1_000_000_000),
      word,
      65,
      /more than 1500000 rounds/,
    ],
    [
      'in as many rounds under the label of a plain one',
      withRounds(1_000_000_000, 'PRIVATE KEY'),
      word,
      65,
      /cannot be read/,
    ],
    [
      'in a box of another program',
      pem('ENCRYPTED SIGSTORE PRIVATE KEY', pkcs8(own)),
      word,
      65,
      /in a way that not all its servers open/,
    ],
    ['that breaks off', sealed(own).slice(0, 150), word, 65, /is broken PEM/],
    [
      'that is DER of something else',
      pem('ENCRYPTED PRIVATE KEY', element(0x30, element(0x02, Uint8Array.of(1)))),
      word,
      65,
      /not all its servers open/,
    ],
    ['with a certificate in its place', text(ca), word, 65, /is not one private key/],
    [
      'and another behind it',
      new Uint8Array(Buffer.concat([sealed(own), sealed(own)])),
      word,
      65,
      /is not one private key/,
    ],
    [
      'of random octets',
      pem('PRIVATE KEY', new Uint8Array(200).fill(7)),
      word,
      65,
      /cannot be read/,
    ],
    ['of blanks', utf8(' \n'), word, 65, /is empty/],
  ];
  describe.each(boxes.map((one) => [one.name, one] as const))('%s', (_name, { place, trial }) => {
    it.each(bad)('%s is refused', (_what, key, password, status, why) =>
      expectRefused(trial(key, password), { status, says: [place, why] }),
    );

    it('without its password is refused', () =>
      expectRefused(trial(sealed(own), utf8('')), {
        status: 78,
        says: [/lacks (signing-secret-)?password|its password (does not open|is empty)/],
      }));
  });

  it.each(bad.filter(([what]) => !what.startsWith('under another')))(
    `%s is refused: ${logPlace}`,
    (_what, key, _word, status, why) =>
      expectRefused(logBox(key), { status, says: [logPlace, why], hidden: [logPassword] }),
  );

  it(`under another password is refused: ${logPlace}`, () =>
    expectRefused(logBox(sealed(own)), {
      status: 78,
      says: [logPlace, 'its password does not open'],
      hidden: [logPassword],
    }));
});

describe('rows 18 to 20: a private key that no server takes', () => {
  describe.each(Object.entries(oddKeys))('%s', (_what, make) => {
    const key = make();
    it.each(boxes.map((one) => [one.name, one] as const))(
      'is refused: %s',
      (_name, { place, trial }) =>
        expectRefused(trial(sealed(key), word), {
          status: 65,
          says: [place, 'of a kind or length'],
        }),
    );

    it(`is refused: ${logPlace}`, () =>
      expectRefused(logBox(pem('PRIVATE KEY', pkcs8(key))), {
        status: 65,
        says: [logPlace, 'of a kind or length'],
      }));
  });

  const ed25519 = systemEntropy.privateKey('ed25519');
  it('is an Ed25519 key for a CT log', async () => {
    for (const { trial, place } of boxes.slice(3)) {
      await expectRefused(trial(sealed(ed25519), word), {
        status: 65,
        says: [place, 'a CT log signs with'],
      });
    }
    await expectRefused(logBox(pem('PRIVATE KEY', pkcs8(ed25519))), {
      status: 65,
      says: [logPlace, 'a CT log signs with'],
    });
  });
});

describe('row 22: a key that does not belong to what stands beside it', () => {
  const two = /[0-9a-f]{64}.*[0-9a-f]{64}/;
  const others: readonly (readonly [Box, Uint8Array])[] = [
    [boxes[1]!, sealed(own)],
    [boxes[2]!, sealed(own)],
  ];
  it.each(others.map(([one, key]) => [one.name, one, key] as const))(
    'is refused, and both are named: %s',
    (_name, { trial }, key) => expectRefused(trial(key, word), { status: 78, says: [two] }),
  );

  it(`is refused, and both are named: ${logPlace}`, () =>
    expectRefused(logBox(pem('PRIVATE KEY', pkcs8(own))), {
      status: 78,
      says: ['Secret ctlog-system/ctlog-secrets', two],
      hidden: [logPassword],
    }));
});

// What the rows above rest on: the same boxes take what is in order.
describe('a key that is in order', () => {
  it('is taken', async ({ expect }) => {
    const keys = [own, ca.privateKey, tsa[0]!.privateKey, own, own].map((key) => sealed(key));
    for (const [index, { trial }] of boxes.entries()) {
      expect(await tried(trial(keys[index]!, word))).toMatchObject({ status: 0 });
    }
    expect(
      openssl(['pkey', '-passin', `pass:${password}`, '-noout'], Buffer.from(keys[0]!)),
    ).toHaveLength(0);
  });
});
