import type { X509Certificate } from 'node:crypto';
import { PkiError } from './error.ts';
import { wholeSeconds } from './time.ts';

const day = 86_400_000;
/** By how much clocks may disagree, in milliseconds. */
export const clockSkew = 5 * 60_000;
/** How long before its end people are told of something, in milliseconds. */
export const soon = 30 * day;

/** From when to when a certificate holds. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A lifetime in milliseconds from now, begun a little earlier for those whose clock is behind. */
export function validFrom(now: Date, lifetime: number): Validity {
  return {
    notBefore: wholeSecond(now.getTime() - clockSkew),
    notAfter: wholeSecond(now.getTime() + lifetime),
  };
}

/** X.509 writes no fractions (RFC 5280 §4.1.2.5). */
function wholeSecond(time: number): Date {
  return new Date(Math.floor(time / 1_000) * 1_000);
}

/** A certificate in words: whose it is, its fingerprint as openssl writes it, and its end. */
export function describe(certificate: X509Certificate): string {
  const { fingerprint256, validToDate } = certificate;
  return `${nameOf(certificate)}: SHA-256 ${fingerprint256}, valid until ${wholeSeconds(validToDate)}`;
}

/** What an operator should be told: what has expired, will within 30 days, or is not valid yet. */
export function validityWarnings(certificates: readonly X509Certificate[], now: Date): string[] {
  return certificates.flatMap((certificate) => {
    const told = warning(certificate, now);
    return told ? [`the certificate of ${nameOf(certificate)} ${told}`] : [];
  });
}

/**
 * Refuses what nobody could use now; a clock may be some minutes behind.
 *
 * @throws {PkiError}
 */
export function refuseInvalid(certificates: readonly X509Certificate[], now: Date): void {
  for (const certificate of certificates) {
    const { validFromDate, validToDate } = certificate;
    const early = validFromDate.getTime() > now.getTime() + clockSkew;
    if (validToDate >= now && !early) continue;
    const when = early
      ? `is not valid before ${wholeSeconds(validFromDate)}`
      : `expired at ${wholeSeconds(validToDate)}`;
    throw new PkiError(`has a certificate, ${nameOf(certificate)}, that ${when}`);
  }
}

function warning({ validFromDate, validToDate }: X509Certificate, now: Date): string | undefined {
  const left = validToDate.getTime() - now.getTime();
  const [begins, ends] = [validFromDate, validToDate].map(wholeSeconds);
  if (left < 0) return `expired at ${ends}`;
  if (left < soon) return `expires at ${ends}, in ${Math.floor(left / day)} days`;
  return validFromDate > now ? `is not valid before ${begins}` : undefined;
}

const longestName = 200;

function nameOf(certificate: X509Certificate): string {
  const name = certificate.subject?.replaceAll('\n', ', ') ?? certificate.serialNumber;
  // A stranger wrote it, and it goes to a terminal.
  const told = name.replaceAll(/[\p{C}\u2028\u2029]/gu, '?');
  return told.length > longestName ? `${told.slice(0, longestName)}...` : told;
}
