import type { X509Certificate } from 'node:crypto';
import { dotted, type Element, elements, integer, tag } from './der.ts';
import { PkiError } from './error.ts';

// What node:crypto does not tell about a certificate.

// RFC 5280 §4.2.1.3, §4.2.1.9 and §4.2.1.12
const keyUsage = '2.5.29.15';
const basicConstraints = '2.5.29.19';
const extKeyUsage = '2.5.29.37';
/** The context-specific tag [3] of TBSCertificate's extensions (RFC 5280 §4.1). */
const extensionsTag = 0xa3;

/** id-kp-timeStamping (RFC 3161 §2.3). */
export const timeStamping = '1.3.6.1.5.5.7.3.8';
/** id-kp-codeSigning (RFC 5280 §4.2.1.12). */
export const codeSigning = '1.3.6.1.5.5.7.3.3';

/** The purposes that a certificate is limited to; undefined where it has no such extension. */
export function extendedKeyUsage(
  certificate: X509Certificate,
): { readonly purposes: readonly string[]; readonly critical: boolean } | undefined {
  const found = extension(certificate, extKeyUsage);
  if (found === undefined) return undefined;
  const purposes = elements(found.value).map(({ content }) => dotted(content));
  return { purposes, critical: found.critical };
}

/**
 * Whether the certificate is for timestamps alone, and says so critically, as RFC 3161 §2.3 wants it of a
 * timestamp authority's.
 */
export function stampsOnly(certificate: X509Certificate): boolean {
  const usage = extendedKeyUsage(certificate);
  return usage?.critical === true && usage.purposes.join() === timeStamping;
}

/** How many CAs may stand between this one and a leaf; undefined for any number. */
export function pathLength(certificate: X509Certificate): number | undefined {
  const found = extension(certificate, basicConstraints);
  const limit = found && elements(found.value).find((element) => element.tag === tag.integer);
  return limit && Number(integer(limit.content));
}

/** Whether its key usage, if it has one, lets it sign certificates. */
export function maySignCertificates(certificate: X509Certificate): boolean {
  // A BIT STRING: how many bits of its last octet are unused, and then keyCertSign as the sixth.
  const bits = extension(certificate, keyUsage)?.value;
  return bits === undefined || ((bits[1] ?? 0) & 0x04) !== 0;
}

/** The content of what an extension's value is: a SEQUENCE, or key usage's BIT STRING. */
function extension(certificate: X509Certificate, oid: string) {
  const signed = within(certificate.raw)[0];
  const all = elements(signed?.content ?? bad()).find((element) => element.tag === extensionsTag);
  if (all === undefined) return undefined;
  const found = within(all.content)
    .map(({ content }) => elements(content))
    .find(([id]) => id !== undefined && dotted(id.content) === oid);
  if (found === undefined) return undefined;
  const critical = found.some((part) => part.tag === tag.boolean && part.content[0] !== 0);
  const [value] = elements(found.at(-1)?.content ?? bad());
  return { critical, value: value?.content ?? bad() };
}

function within(bytes: Uint8Array): Element[] {
  return elements(elements(bytes)[0]?.content ?? bad());
}

function bad(): never {
  throw new PkiError('holds a CERTIFICATE whose extensions cannot be read');
}
