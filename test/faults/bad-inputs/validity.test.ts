import type { CertificateRequest } from '@sigstand/pki/certificate';
import { describe, it } from 'vitest';
import { broughtCa, broughtTsa, caPlace, objectOf, tsaName, tsaPlace } from './brought.ts';
import { inHours, issue, now, text, tsaChain } from './material.ts';
import { ca, fulcioPlaces, tsaPlaces } from './places.ts';
import { expectRefused, expectWarned } from './refused.ts';

describe('rows 5 to 7: a certificate', () => {
  const times: readonly (readonly [string, Partial<CertificateRequest>, string])[] = [
    ['that expired', inHours(-48, -1), 'expired at'],
    [
      'that expired this second',
      { notBefore: inHours(-48, 0).notBefore, notAfter: new Date(now.getTime() - 1_000) },
      'expired at',
    ],
    ['that is not valid before tomorrow', inHours(24, 48), 'is not valid before'],
  ];
  describe.each(times)('%s', (_what, validity, why) => {
    it.each(fulcioPlaces.map((one) => [one.name, one] as const))(
      'is refused: %s',
      async (_name, { place, trial }) =>
        expectRefused(
          trial(text(await issue('late', { ...validity, privateKey: ca.privateKey }))),
          { status: 65, says: [objectOf(place), why] },
        ),
    );

    it('is refused where the user brings it as a CA that is not in use yet', async () => {
      const late = await issue('late', validity);
      await expectRefused(broughtCa(late, text(late)), {
        status: 65,
        says: [caPlace, why],
      });
    });

    it.each(tsaPlaces.map((one) => [one.name, one] as const))(
      'is refused: %s',
      async (_name, { place, trial }) =>
        expectRefused(trial(text(...(await tsaChain(1, { validity })))), {
          status: 65,
          says: [objectOf(place), why],
        }),
    );

    it(`is refused: ${tsaName}`, async () =>
      expectRefused(broughtTsa(await tsaChain(1, { validity })), {
        status: 65,
        says: [tsaPlace, why],
      }));
  });

  const soon = inHours(-1, 5);
  it.each(fulcioPlaces.map((one) => [one.name, one] as const))(
    'that ends within a day is warned of: %s',
    async (_name, { trial }) =>
      expectWarned(trial(text(await issue('soon', { ...soon, privateKey: ca.privateKey }))), [
        'CN=soon expires at',
      ]),
  );

  it('that ends within a day is warned of where the user brings it', async () => {
    const late = await issue('soon', soon);
    await expectWarned(broughtCa(late, text(late)), ['CN=soon expires at']);
  });

  it.each(tsaPlaces.map((one) => [one.name, one] as const))(
    'that ends within a day is warned of: %s',
    async (_name, { trial }) =>
      expectWarned(trial(text(...(await tsaChain(1, { validity: soon })))), [
        'CN=leaf expires at',
        'CN=root expires at',
      ]),
  );

  it(`that ends within a day is warned of: ${tsaName}`, async () =>
    expectWarned(broughtTsa(await tsaChain(1, { validity: soon })), ['CN=leaf expires at']));
});
