import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { issueCertificate } from './certificate.ts';
import { systemEntropy } from './entropy.ts';
import { refuseInvalid, validFrom, validityWarnings, describe as words } from './validity.ts';

const now = new Date('2026-03-01T12:00:00.999Z');
const day = 86_400_000;

describe('validFrom', () => {
  it('begins five minutes early for clocks that are behind, in whole seconds', () => {
    expect(validFrom(now, day)).toEqual({
      notBefore: new Date('2026-03-01T11:55:00Z'),
      notAfter: new Date('2026-03-02T12:00:00Z'),
    });
  });
});

describe('validityWarnings', async () => {
  const { certificate } = await issueCertificate({
    subject: [
      ['O', 'x'],
      ['CN', 'y'],
    ],
    privateKey: systemEntropy.privateKey('ecdsa-p256'),
    serialNumber: systemEntropy.serialNumber(),
    ...validFrom(now, 100 * day),
    ca: {},
  });
  const parsed = new X509Certificate(certificate);

  it.each([
    ['nothing of a certificate that holds for long', 0, undefined],
    ['nothing 31 days before the end', 69, undefined],
    ['when it ends soon', 71, 'expires at 2026-06-09T12:00:00Z, in 28 days'],
    ['when it has ended', 101, 'expired at 2026-06-09T12:00:00Z'],
    ['when it has not begun', -1, 'is not valid before 2026-03-01T11:55:00Z'],
  ])('says %s', (_what, days, told) => {
    const warnings = validityWarnings([parsed], new Date(now.getTime() + days * day));
    expect(warnings).toEqual(told ? [`the certificate of O=x, CN=y ${told}`] : []);
  });

  it.each([
    ['has ended', 101, 'that expired at 2026-06-09T12:00:00Z'],
    ['has not begun', -1, 'that is not valid before 2026-03-01T11:55:00Z'],
  ])('become a refusal for a new one that %s', (_what, days, told) => {
    expect(() => refuseInvalid([parsed], new Date(now.getTime() + days * day))).toThrow(
      `has a certificate, O=x, CN=y, ${told}`,
    );
    expect(() => refuseInvalid([parsed], new Date(now.getTime() - 9 * 60_000))).not.toThrow();
  });

  it('tells of a name what a terminal can show, and no more than fits', async () => {
    const odd = await issueCertificate({
      // The second turns the direction of what follows, and Node leaves it as it is.
      subject: [['CN', `\u001b[2J\n\u202e\u2028${'x'.repeat(1_000)}`]],
      privateKey: systemEntropy.privateKey('ecdsa-p256'),
      serialNumber: systemEntropy.serialNumber(),
      ...validFrom(now, day),
      ca: {},
    });
    const told = words(new X509Certificate(odd.certificate));
    expect(told).toMatch(/^[ -~]+$/);
    expect(told.length).toBeLessThan(400);
  });

  it('describes a certificate by name, fingerprint and end', () => {
    expect(words(parsed)).toBe(
      `O=x, CN=y: SHA-256 ${parsed.fingerprint256}, valid until 2026-06-09T12:00:00Z`,
    );
  });
});
