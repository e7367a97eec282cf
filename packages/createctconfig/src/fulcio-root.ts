import type { X509Certificate } from 'node:crypto';
import { at, JobError } from '@sigstand/job/errors';
import { contrasted } from '@sigstand/job/listed';
import { certificatePem, parseCertificates } from '@sigstand/pki/chain';
import { PkiError } from '@sigstand/pki/error';
import { codeSigning, isCa, maySignCertificates } from '@sigstand/pki/extensions';
import { refuseWeak } from '@sigstand/pki/keys';
import { refuseOtherPurpose, refuseUnknown } from '@sigstand/pki/path';
import { utf8 } from '@sigstand/pki/pem';
import { refuseInvalid } from '@sigstand/pki/validity';
import { readForm } from '@sigstand/pki/x509-form';

/** Where certificates came from, in words, and what they are. */
export interface Roots {
  readonly place: string;
  readonly certificates: readonly X509Certificate[];
}

const mostCertificates = 50;

/**
 * The certificates of Fulcio's chain that the log takes as roots: the self-signed ones, or the last one
 * where the chain stops below its root.
 *
 * @throws {PkiError} Where any of the chain is not a CA: with a leaf as a root, the log would take
 *   nothing that Fulcio issues.
 */
export function rootsOf(chain: Uint8Array): X509Certificate[] {
  const certificates = parseCertificates(chain);
  if (certificates.length > mostCertificates) {
    throw new PkiError(`has ${certificates.length} certificates; at most ${mostCertificates} fit`);
  }
  if (!certificates.every((one) => isCa(one) && maySignCertificates(one))) {
    throw new PkiError('holds a certificate that is not a CA');
  }
  for (const { raw, publicKey } of certificates) {
    refuseWeak(publicKey);
    refuseUnknown(readForm(raw));
  }
  // The log would take nothing that is issued below it.
  refuseOtherPurpose(certificates, { purpose: codeSigning, name: 'codeSigning' });
  const selfSigned = certificates.filter(
    (one) => one.checkIssued(one) && one.verify(one.publicKey),
  );
  return selfSigned.length > 0 ? selfSigned : certificates.slice(-1);
}

/** @throws {JobError} contradiction, where two sources name other roots. */
export function refuseDisagreement(one: Roots, other: Roots): void {
  const [these, those] = [one, other].map(({ certificates }) =>
    certificates.map(fingerprintOf).sort(),
  );
  if (String([...new Set(these)]) === String([...new Set(those)])) return;
  const [ours, theirs] = contrasted(these ?? [], those ?? []);
  throw new JobError(
    'contradiction',
    `${one.place} has the root ${ours}, but ${other.place} has ${theirs}`,
    { hint: 'nothing was changed; find out which of the two Fulcio signs with' },
  );
}

/** SHA-256 of a certificate, as openssl writes it. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256;
}

/** The roots that are not among those the log has; throws where one of them is not valid now. */
export function newRoots(
  { place, certificates }: Roots,
  { accepted, now }: { accepted: readonly X509Certificate[]; now: Date },
): X509Certificate[] {
  const known = new Set(accepted.map(fingerprintOf));
  const added = certificates.filter((one) => {
    const isNew = !known.has(fingerprintOf(one));
    known.add(fingerprintOf(one));
    return isNew;
  });
  at(place, () => refuseInvalid(added, now));
  return added;
}

/** A bundle with certificates added at its end; what it held stays byte for byte. */
export function extended(bundle: Uint8Array, added: readonly X509Certificate[]): Uint8Array {
  if (added.length === 0) return bundle;
  const lineEnd = bundle.length > 0 && bundle.at(-1) !== 0x0a ? [utf8('\n')] : [];
  return new Uint8Array(Buffer.concat([bundle, ...lineEnd, ...added.map(certificatePem)]));
}
