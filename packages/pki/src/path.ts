import type { X509Certificate } from 'node:crypto';
import { contentOf, elements, within } from './der.ts';
import { PkiError } from './error.ts';
import { allows, isCa, maySignCertificates, pathLength } from './extensions.ts';
import { isConstrainable } from './general-names.ts';
import { extension, unknownCritical } from './x509-extensions.ts';
import { type Form, readForm } from './x509-form.ts';

/*
 * Whether a chain verifies: what Go's Certificate.Verify asks of it, by which Fulcio, the timestamp server and
 * the clients decide. Signatures and names are `chain.ts`'s, dates `validity.ts`'s.
 */

/**
 * Refuses a chain, leaf or issuing CA first and root last, that no client verifies by.
 *
 * @throws {PkiError}
 */
export function refuseUnverifiable(path: readonly X509Certificate[]): void {
  const forms = path.map(({ raw }) => readForm(raw));
  path.forEach((one, index) => {
    if (index > 0 && !isCa(one)) throw new PkiError('has an issuer that is not a CA');
    if (isCa(one) && !maySignCertificates(one)) {
      throw new PkiError('has a CA whose key usage does not let it sign certificates');
    }
  });
  forms.forEach(refuseUnknown);
  // Nobody verifies how a root has signed itself.
  forms.slice(0, -1).forEach(refuseWeakSignature);
  refuseOtherNames(forms);
  refuseLong(path);
  refuseConstrained(forms);
}

/** @throws {PkiError} Where one certificate is for other purposes only: it speaks for all below it. */
export function refuseOtherPurpose(
  path: readonly X509Certificate[],
  { purpose, name }: { purpose: string; name: string },
): void {
  if (path.every((certificate) => allows(certificate, purpose))) return;
  throw new PkiError(`has a certificate whose extended key usage leaves out ${name}`);
}

/** @throws {PkiError} Where a certificate has a critical extension that clients do not know. */
export function refuseUnknown(form: Form): void {
  const [oid] = unknownCritical(form);
  if (oid === undefined) return;
  throw new PkiError(`has a certificate whose critical extension ${oid} no client understands`);
}

/** Signatures with SHA-256, SHA-384 or SHA-512, by RSA (PKCS #1 v1.5) and by ECDSA. */
const signatures: readonly string[] = [
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
];

/** The parameters of RSASSA-PSS (RFC 8017 §A.2.3) that Go knows: one digest for all, and a salt as long. */
const pssParameters = ['01', '02', '03'].map((digest, index) => {
  const sha = `300d06096086480165030402${digest}0500`;
  const salt = ['20', '30', '40'][index];
  return `3034a00f${sha}a11c301a06092a864886f70d010108${sha}a2030201${salt}`;
});

/** Where parameters matter: in hex, those of RSASSA-PSS, and that Ed25519 has none. */
const withParameters: Readonly<Record<string, readonly string[]>> = {
  '1.2.840.113549.1.1.10': pssParameters,
  '1.3.101.112': [''],
};

function refuseWeakSignature({ signature: { oid, parameters } }: Form): void {
  const known = withParameters[oid]?.includes(Buffer.from(parameters).toString('hex'));
  if (known ?? signatures.includes(oid)) return;
  throw new PkiError(
    'has a certificate that is not signed with SHA-256, SHA-384 or SHA-512, or Ed25519',
  );
}

function refuseOtherNames(forms: readonly Form[]): void {
  forms.slice(1).forEach(({ subject }, index) => {
    if (Buffer.compare(subject, forms[index]?.issuer ?? new Uint8Array()) === 0) return;
    throw new PkiError('has a certificate that writes the name of its issuer in another way');
  });
}

/** RFC 5280 §4.2.1.9: a CA's pathLenConstraint counts the CAs below it, without the leaf. */
function refuseLong(path: readonly X509Certificate[]): void {
  const authorities = path.filter(isCa);
  authorities.forEach((certificate, index) => {
    if (index > (pathLength(certificate) ?? index)) {
      throw new PkiError('is longer than the path length of one of its CAs allows');
    }
  });
}

/** Names and policies that are constrained are not looked at here: where some could fail, the chain is refused. */
function refuseConstrained(forms: readonly Form[]): void {
  const find = (oid: string) => forms.flatMap(({ extensions }) => extensions.get(oid) ?? []);
  const named = find(extension.subjectAltName).flatMap(({ value }) => within(value));
  if (find(extension.nameConstraints).length > 0 && named.some(isConstrainable)) {
    throw new PkiError('has both name constraints and names that they could exclude');
  }
  const explicit = find(extension.policyConstraints).some(({ value }) =>
    elements(contentOf(value, 0x30)).some(({ tag }) => tag === 0x80),
  );
  if (explicit)
    throw new PkiError('has a CA that demands certificate policies, which no client here knows');
}
