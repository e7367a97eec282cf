import {
  copies,
  ctlogConfig,
  ctlogSecrets,
  fulcioPublicKey,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { copySecrets } from '@sigstand/copysecrets/job';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { createTuf } from '@sigstand/createtuf/job';
import type { Certified } from '@sigstand/pki/certificate';
import { utf8 } from '@sigstand/pki/pem';
import { caExtensions, opensslCertificate } from '@sigstand/pki/testing';
import { describe, expect, it } from 'vitest';
import { broughtCa, broughtTsa, caPlace, objectOf, tsaName, tsaPlace } from './brought.ts';
import { caWith, element, issue, now, signing, stamping, text, tsaChain } from './material.ts';
import { ca, copied, fulcioPlaces, other, sources, tsaPlaces, withData } from './places.ts';
import { expectRefused, tried } from './refused.ts';

const chain3 = await tsaChain(3);
const chain11 = await tsaChain(11);
const [leaf, second, first, third] = [chain3[0]!, chain3[1]!, chain3[2]!, chain3[3]!];
const shuffled = [chain3[2]!, chain3[4]!, chain3[0]!, chain3[3]!, chain3[1]!];

describe('row 8: a chain in another order', () => {
  it.each(tsaPlaces.map((one) => [one.name, one] as const))(
    'is taken by names and signatures: %s',
    async (_name, { trial }) => {
      for (const chain of [chain3, chain3.toReversed(), shuffled]) {
        expect(await tried(trial(text(...chain)))).toMatchObject({ status: 0 });
      }
    },
  );

  it.each([
    ['root first', chain3.toReversed()],
    ['shuffled', shuffled],
  ])('is refused where a server reads it as it stands: the TSA, %s', (_how, chain) =>
    expectRefused(broughtTsa(chain3, text(...chain)), {
      status: 65,
      says: [tsaPlace, 'is not in order'],
    }),
  );

  it('is refused where a server reads it as it stands: Fulcio, root first', async () => {
    const below = await issue('below', { issuer: ca, extendedKeyUsage: signing });
    await expectRefused(broughtCa(below, text(ca, below)), {
      status: 78,
      says: [caPlace, 'is for the key'],
    });
  });
});

const file = (part: string) => `tsa_${part}.crt.pem`;
const files = (chain: readonly Certified[], numbers: readonly number[]) => ({
  [file('leaf')]: text(chain[0]!),
  [file('root')]: text(chain.at(-1)!),
  ...Object.fromEntries(
    numbers.map((number, index) => [file(`intermediate_${number}`), text(chain[index + 1]!)]),
  ),
});
const splitPlaces = [
  ['copysecrets', copySecrets, tsaCertChain, sources],
  ['createtuf', createTuf, copies.tsa, copied],
] as const;

describe.each(splitPlaces)('rows 9 to 11: a chain in files, to %s,', (_name, job, ref, records) => {
  const trial = (data: ReturnType<typeof files>) => ({
    job,
    now,
    records: withData(records, ref, data),
  });
  const object = `Secret ${ref.namespace}/${ref.name}`;

  it.each([
    ['numbered from the leaf', [0, 1, 2]],
    ['numbered from the root', [2, 1, 0]],
  ])('is taken %s', async (_how, numbers) => {
    expect(await tried(trial(files(chain3, numbers)))).toMatchObject({ status: 0 });
  });

  it('is refused with 11 intermediates', () =>
    expectRefused(trial(files(chain11, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])), {
      status: 65,
      says: [object, 'at most'],
    }));

  it('is refused with a gap in its numbers', () =>
    expectRefused(trial(files([leaf, second, third, chain3[4]!], [0, 2])), {
      status: 65,
      says: [object, /no key|that no other in it signed/],
    }));

  it('is taken where a certificate comes twice', async () => {
    expect(
      await tried(trial(files([leaf, second, first, third, first, chain3[4]!], [0, 1, 2, 3]))),
    ).toMatchObject({ status: 0 });
  });
});

const not = (extension: string) =>
  ['keyUsage=critical,keyCertSign', 'basicConstraints=critical,CA:TRUE'].filter(
    (one) => !one.startsWith(extension),
  );
const top = opensslCertificate({ subject: '/CN=top', extensions: caExtensions });
const end = (issuer: typeof top) =>
  opensslCertificate({
    subject: '/CN=end',
    extensions: ['basicConstraints=CA:FALSE', 'extendedKeyUsage=critical,timeStamping'],
    issuer,
  });
const under = (extensions: readonly string[]) => {
  const middle = opensslCertificate({
    subject: '/CN=middle',
    extensions: ['extendedKeyUsage=timeStamping', ...extensions],
    issuer: top,
  });
  return Buffer.concat([end(middle).certificate, middle.certificate, top.certificate]);
};

describe('rows 10 and 12 to 15: a chain', async () => {
  const limited = await tsaChain(1, { root: { ca: { pathLength: 0 } } });
  const bad: readonly (readonly [string, Uint8Array, RegExp, (readonly Certified[])?])[] = [
    ['with 11 intermediates', text(...chain11), /at most/, chain11],
    [
      'that lacks an intermediate',
      text(leaf, second, chain3[4]!),
      /that no other in it signed/,
      chain3,
    ],
    ['that lacks its root', text(...chain3.slice(0, 4)), /no self-signed root/, chain3],
    ['with two roots', text(...chain3, await issue('another')), /more than one root/, chain3],
    [
      'whose intermediate is no CA',
      new Uint8Array(under(not('basicConstraints'))),
      /not a CA|no other in it signed/,
    ],
    [
      'whose intermediate may not sign certificates',
      new Uint8Array(under([...not('keyUsage'), 'keyUsage=digitalSignature'])),
      /no other in it signed/,
    ],
    ['that is longer than its root allows', text(...limited), /path length/, limited],
    [
      'whose leaf is for code',
      text(...(await tsaChain(1, { leaf: { extendedKeyUsage: signing } }))),
      /timeStamping/,
    ],
    [
      'whose leaf does not say that its purpose is critical',
      text(
        ...(await tsaChain(1, { leaf: { extendedKeyUsage: { ...stamping, critical: false } } })),
      ),
      /timeStamping/,
    ],
  ];
  describe.each(tsaPlaces.map((one) => [one.name, one] as const))(
    '%s',
    (name, { place, trial }) => {
      // What a leaf is for is checked by whoever makes it and whoever tells clients of it.
      const all = name.startsWith('copysecrets')
        ? bad.filter(([, , why]) => !why.test('timeStamping'))
        : bad;
      const cases = all.map(([what, bytes, why]) => [what, bytes, why] as const);
      it.each(cases)('%s is refused', (_what, bytes, why) =>
        expectRefused(trial(bytes), { status: 65, says: [objectOf(place), why] }),
      );
    },
  );
  const owned = bad.flatMap(([what, bytes, why, own]) =>
    own ? [[what, bytes, why, own] as const] : [],
  );
  it.each(owned)(`%s is refused: ${tsaName}`, (_what, bytes, why, own) =>
    expectRefused(broughtTsa(own, bytes), { status: 65, says: [tsaPlace, why] }),
  );

  it.each(fulcioPlaces.map((one) => [one.name, one] as const))(
    'of CAs with one that may not sign certificates is refused: %s',
    (_name, { place, trial }) => {
      const odd = opensslCertificate({
        subject: '/CN=odd',
        extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,cRLSign'],
      });
      return expectRefused(trial(new Uint8Array(odd.certificate)), {
        status: 65,
        says: [objectOf(place), /not a CA|no self-signed root/],
      });
    },
  );
});

describe('row 16: two roots of one name and two keys', () => {
  it('are both taken by the CT log, in the order in which they came', async () => {
    const trial = {
      job: createCtConfig,
      now,
      records: [
        [ctlogConfig, { treeID: utf8('5') }],
        [fulcioPublicKey, { cert: text(ca, other) }],
      ] as const,
    };
    const { status, store } = await tried(trial);
    expect(status).toBe(0);
    const { rootca } = (await store.read(ctlogSecrets))!.data;
    expect(Buffer.from(rootca!)).toEqual(Buffer.from(text(ca, other)));
  });

  it('are refused as one chain, so that none is dropped in silence', () =>
    expectRefused(
      { job: createTuf, now, records: withData(copied, copies.fulcio, { cert: text(ca, other) }) },
      { status: 65, says: ['Secret tuf-system/fulcio-pub-key', 'more than one root'] },
    ));
});

describe('row 17: a certificate that is large on purpose', () => {
  const names = (count: number, length: number) =>
    element(
      0x30,
      ...Array.from({ length: count }, (_, index) =>
        element(0x82, utf8(`${index}`.padStart(length, 'x'))),
      ),
    );
  const trees = element(
    0x30,
    element(
      0xa0,
      ...Array.from({ length: 1_200 }, (_, index) =>
        element(0x30, element(0x82, utf8(`${index}.test`))),
      ),
    ),
  );
  const large: readonly (readonly [string, () => Promise<Uint8Array>, number])[] = [
    ['of a megabyte', () => caWith('1.2.3.4', new Uint8Array(1_000_000)), 65],
    ['of 100 kB', () => caWith('1.2.3.4', new Uint8Array(100_000)), 65],
    ['with 10,000 names', () => caWith('2.5.29.17', names(10_000, 12)), 65],
    ['with 5,000 short names', () => caWith('2.5.29.17', names(5_000, 5)), 0],
    ['with 1,200 name constraints', () => caWith('2.5.29.30', trees), 0],
  ];
  describe.each(large)('%s', (_what, make, expected) => {
    it.each(fulcioPlaces.slice(1).map((one) => [one.name, one] as const))(
      'is read or refused at once: %s',
      async (_name, { place, trial }) => {
        const bytes = await make();
        if (expected === 65)
          return expectRefused(trial(bytes), { status: 65, says: [place, 'bytes; at most'] });
        const { status, took } = await tried(trial(bytes));
        expect(status).toBe(0);
        expect(took).toBeLessThan(1_000);
      },
    );
  });

  it('is not the only way: 3,000 certificates are refused at once', async () => {
    const bytes = text(...Array.from({ length: 3_000 }, () => ca));
    for (const { place, trial } of fulcioPlaces) {
      await expectRefused(trial(bytes), { status: 65, says: [objectOf(place), /at most/] });
    }
  });
});
