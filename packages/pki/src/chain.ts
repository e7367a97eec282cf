import { X509Certificate } from 'node:crypto';
import { PkiError } from './error.ts';
import { codeSigning, isCa, stampsOnly, timeStamping } from './extensions.ts';
import { refusePrivate, refuseWeak, spki } from './keys.ts';
import { refuseOtherPurpose, refuseUnverifiable } from './path.ts';
import { pem, pemBlocks } from './pem.ts';
import { checkExtensions } from './x509-extensions.ts';
import { readForm } from './x509-form.ts';

/** A certificate chain in the order of RFC 5246 §7.4.2: each certificate is signed by the next. */
export interface Chain {
  readonly leaf: X509Certificate | undefined;
  /** From the one that signs the leaf to the one that the root signs. */
  readonly intermediates: readonly X509Certificate[];
  readonly root: X509Certificate;
}

const mostIntermediates = 10;
// As much as a Secret holds, and far more than any CA's certificate has.
const mostBytes = 1_048_576;
const mostOfOne = 65_536;

/**
 * Every certificate of a PEM text, in its order.
 *
 * @throws {PkiError} Where there is none, anything that is not a certificate, or too much of it.
 */
export function parseCertificates(bytes: Uint8Array): X509Certificate[] {
  refusePrivate(bytes);
  refuseBig(bytes.length, mostBytes, '');
  return pemBlocks(bytes).map(({ label, der, headers }) => {
    refuseBig(der.length, mostOfOne, 'a CERTIFICATE of ');
    if (label !== 'CERTIFICATE') throw new PkiError('holds something that is not a CERTIFICATE');
    // ct_server passes over such a block without a word.
    if (Object.keys(headers).length > 0) throw new PkiError('holds a CERTIFICATE with PEM headers');
    const certificate = readCertificate(der);
    if (certificate === undefined) throw new PkiError('holds a CERTIFICATE that cannot be read');
    checkForm(der);
    return certificate;
  });
}

/** @throws {PkiError} Where Go would not read it. */
function checkForm(der: Uint8Array): void {
  try {
    checkExtensions(readForm(der));
  } catch (error) {
    const told = error instanceof PkiError && error.message !== 'is not DER';
    throw told ? error : new PkiError('holds a CERTIFICATE that cannot be read');
  }
}

function readCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(der);
    // Its key and its dates are read when they are asked for, and then nobody expects a failure.
    const { publicKey, validFromDate, validToDate } = certificate;
    const dated = [validFromDate, validToDate].every((date) => !Number.isNaN(date.getTime()));
    return spki(publicKey) && dated ? certificate : undefined;
  } catch {
    return undefined;
  }
}

/** A certificate as one PEM block. */
export function certificatePem(certificate: X509Certificate): Uint8Array {
  return pem('CERTIFICATE', new Uint8Array(certificate.raw));
}

/**
 * The one chain that the certificates make, whatever order they came in. Names and signatures decide;
 * a certificate that came twice counts once.
 *
 * @throws {PkiError} Where they do not make one chain that ends in a self-signed CA.
 */
export function orderChain(certificates: readonly X509Certificate[]): Chain {
  const all = distinct(certificates);
  refuseMany(all.length, mostIntermediates + 2, 'certificates');
  // Before their signatures are checked, as a key may be long on purpose.
  for (const { publicKey } of all) refuseWeak(publicKey);
  const path = fromRoot(all);
  const [root = missingRoot()] = path;
  refuseUnverifiable(path.toReversed());
  const last = path.at(-1) ?? root;
  if (path.length === 1 && !isCa(root)) throw new PkiError('has an issuer that is not a CA');
  const leaf = isCa(last) ? undefined : path.pop();
  const intermediates = path.slice(1).reverse();
  refuseMany(intermediates.length, mostIntermediates, 'intermediates');
  return { leaf, intermediates, root };
}

/** Refuses a chain for other purposes than signing code, which is what Fulcio's certificates are for. */
export function refuseNoCodeSigning(chain: Chain): void {
  refuseOtherPurpose(inOrder(chain), { purpose: codeSigning, name: 'codeSigning' });
}

/** Refuses a chain whose leaf is not for timestamps alone, or that is for other purposes. */
export function refuseNoTimeStamping(chain: Chain & { leaf: X509Certificate }): void {
  if (!stampsOnly(chain.leaf)) {
    throw new PkiError(
      'has a leaf whose extended key usage is not timeStamping, alone and critical',
    );
  }
  refuseOtherPurpose(inOrder(chain), { purpose: timeStamping, name: 'timeStamping' });
}

/**
 * The chain, where it already stands in its order, as servers need it that read it as it stands.
 *
 * @throws {PkiError}
 */
export function chainInOrder(certificates: readonly X509Certificate[]): Chain {
  const chain = orderChain(certificates);
  const ordered = inOrder(chain);
  const same = ordered.every((one, index) => certificates[index]?.raw.equals(one.raw));
  if (same && certificates.length === ordered.length) return chain;
  throw new PkiError('is not in order: each certificate once, signed by the next, the root last');
}

/** The certificates from the root on, each signed by the one before it. */
function fromRoot(all: readonly X509Certificate[]): X509Certificate[] {
  const roots = all.filter((certificate) => signs(certificate, certificate));
  const [root = missingRoot()] = roots;
  if (roots.length > 1) throw new PkiError('has more than one root certificate');
  const path = [root];
  for (let issuer = root; path.length < all.length; ) {
    const issued = all.filter((one) => !path.includes(one) && signs(issuer, one));
    const [next] = issued;
    if (next === undefined) throw new PkiError('has a certificate that no other in it signed');
    if (issued.length > 1) throw new PkiError('branches: two certificates have one issuer');
    path.push(next);
    issuer = next;
  }
  return path;
}

function missingRoot(): never {
  throw new PkiError('has no self-signed root certificate');
}

// Before any signature is checked, as what comes may be long on purpose.
function refuseMany(count: number, most: number, what: string): void {
  if (count > most) throw new PkiError(`has ${count} ${what}; at most ${most} fit`);
}

function refuseBig(length: number, most: number, what: string): void {
  if (length > most) throw new PkiError(`has ${what}${length} bytes; at most ${most} are read`);
}

/** The chain's certificates, leaf first and root last, as one PEM text. */
export function chainPem(chain: Chain): Uint8Array {
  return new Uint8Array(Buffer.concat(inOrder(chain).map(certificatePem)));
}

function inOrder({ leaf, intermediates, root }: Chain): X509Certificate[] {
  return [...(leaf ? [leaf] : []), ...intermediates, root];
}

function distinct(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint256, one])).values()];
}

function signs(issuer: X509Certificate, subject: X509Certificate): boolean {
  // checkIssued compares names, key identifiers and keyUsage; verify is the signature itself.
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}
