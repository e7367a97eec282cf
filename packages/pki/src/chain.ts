import { X509Certificate } from 'node:crypto';
import { PkiError } from './error.ts';
import { refusePrivate } from './keys.ts';
import { pem, pemBlocks } from './pem.ts';

/** A certificate chain in the order of RFC 5246 §7.4.2: each certificate is signed by the next. */
export interface Chain {
  readonly leaf: X509Certificate | undefined;
  /** From the one that signs the leaf to the one that the root signs. */
  readonly intermediates: readonly X509Certificate[];
  readonly root: X509Certificate;
}

const mostIntermediates = 10;

/**
 * Every certificate of a PEM text, in its order.
 *
 * @throws {PkiError} Where there is none, or anything that is not a certificate.
 */
export function parseCertificates(bytes: Uint8Array): X509Certificate[] {
  refusePrivate(bytes);
  return pemBlocks(bytes).map(({ label, der }) => {
    if (label !== 'CERTIFICATE') throw new PkiError('holds something that is not a CERTIFICATE');
    try {
      return new X509Certificate(der);
    } catch {
      throw new PkiError('holds a CERTIFICATE that cannot be read');
    }
  });
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
  const roots = all.filter((certificate) => signs(certificate, certificate));
  const [root] = roots;
  if (root === undefined) throw new PkiError('has no self-signed root certificate');
  if (roots.length > 1) throw new PkiError('has more than one root certificate');

  const path = [root];
  for (let rest = all.filter((one) => one !== root); rest.length > 0; ) {
    const issuer = path.at(-1) ?? root;
    const issued = rest.filter((certificate) => signs(issuer, certificate));
    const [next] = issued;
    if (next === undefined) throw new PkiError('has a certificate that no other in it signed');
    if (issued.length > 1) throw new PkiError('branches: two certificates have one issuer');
    if (!issuer.ca) throw new PkiError('has an issuer that is not a CA');
    path.push(next);
    rest = rest.filter((certificate) => certificate !== next);
  }
  if (!root.ca) throw new PkiError('has a root that is not a CA');

  const leaf = path.length > 1 && path.at(-1)?.ca === false ? path.pop() : undefined;
  const intermediates = path.slice(1).reverse();
  if (intermediates.length > mostIntermediates) {
    throw new PkiError(
      `has ${intermediates.length} intermediates; at most ${mostIntermediates} fit`,
    );
  }
  return { leaf, intermediates, root };
}

/** The chain's certificates, leaf first and root last, as one PEM text. */
export function chainPem({ leaf, intermediates, root }: Chain): Uint8Array {
  const blocks = [...(leaf ? [leaf] : []), ...intermediates, root].map(certificatePem);
  return new Uint8Array(Buffer.concat(blocks));
}

function distinct(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint256, one])).values()];
}

function signs(issuer: X509Certificate, subject: X509Certificate): boolean {
  // checkIssued compares names, key identifiers and keyUsage; verify is the signature itself.
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}
