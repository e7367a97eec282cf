import type { X509Certificate } from 'node:crypto';
import { bitsOf, oidOf, within } from './der.ts';
import { extension, readBasicConstraints } from './x509-extensions.ts';
import { readForm } from './x509-form.ts';

// What node:crypto does not tell about a certificate.

/** id-kp-timeStamping (RFC 3161 §2.3). */
export const timeStamping = '1.3.6.1.5.5.7.3.8';
/** id-kp-codeSigning (RFC 5280 §4.2.1.12). */
export const codeSigning = '1.3.6.1.5.5.7.3.3';
/** anyExtendedKeyUsage (RFC 5280 §4.2.1.12). */
const anyPurpose = '2.5.29.37.0';

/** The purposes that a certificate is limited to; undefined where it has no such extension. */
export function extendedKeyUsage(
  certificate: X509Certificate,
): { readonly purposes: readonly string[]; readonly critical: boolean } | undefined {
  const found = readForm(certificate.raw).extensions.get(extension.extKeyUsage);
  return found && { purposes: within(found.value).map(oidOf), critical: found.critical };
}

/** Whether its purposes, if it is limited to some, let those below it have this one. */
export function allows(certificate: X509Certificate, purpose: string): boolean {
  const { purposes = [anyPurpose] } = extendedKeyUsage(certificate) ?? {};
  return purposes.includes(purpose) || purposes.includes(anyPurpose);
}

/**
 * Whether the certificate is for timestamps alone, and says so critically, as RFC 3161 §2.3 wants it of a
 * timestamp authority's.
 */
export function stampsOnly(certificate: X509Certificate): boolean {
  const usage = extendedKeyUsage(certificate);
  return usage?.critical === true && usage.purposes.join() === timeStamping;
}

/** Whether it says that it is a CA. Node asks its key usage as well, Go does not. */
export function isCa(certificate: X509Certificate): boolean {
  return basicConstraints(certificate)?.ca === true;
}

/** How many CAs may stand between this one and a leaf; undefined for any number. */
export function pathLength(certificate: X509Certificate): number | undefined {
  return basicConstraints(certificate)?.pathLength;
}

function basicConstraints(certificate: X509Certificate) {
  const found = readForm(certificate.raw).extensions.get(extension.basicConstraints);
  return found && readBasicConstraints(found.value);
}

/** Whether its key usage, if it has one, lets it sign certificates. */
export function maySignCertificates(certificate: X509Certificate): boolean {
  const found = readForm(certificate.raw).extensions.get(extension.keyUsage);
  // keyCertSign is the sixth bit.
  return found === undefined || ((bitsOf(found.value).octets[0] ?? 0) & 0x04) !== 0;
}
