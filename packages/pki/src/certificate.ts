import 'reflect-metadata'; // @peculiar/x509 looks its schemas up through it
import { type KeyObject, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { publicKeyOf } from './keys.ts';
import { pem } from './pem.ts';

/** Names of attribute types that have no short form (RFC 4519). */
export const attribute = { street: '2.5.4.9', postalCode: '2.5.4.17' } as const;

/** The attributes of a name in the order in which they are written, each by short form or OID. */
export type DistinguishedName = readonly (readonly [type: string, value: string])[];

/** A certificate together with the key that it certifies, as an issuer needs them. */
export interface Certified {
  /** One PEM block. */
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

export interface CertificateRequest {
  readonly subject: DistinguishedName;
  /** An ECDSA key. */
  readonly privateKey: KeyObject;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** A CA may sign certificates and CRLs; anything else may make signatures only. */
  readonly ca: false | { readonly pathLength?: number };
  readonly extendedKeyUsage?: { readonly purposes: readonly string[]; readonly critical: boolean };
  /** Nobody: the certificate signs itself. */
  readonly issuer?: Certified;
}

/** Issues an X.509 v3 certificate with the extensions that RFC 5280 §4.2.1 wants for its role. */
export async function issueCertificate(request: CertificateRequest): Promise<Certified> {
  const { privateKey, issuer } = request;
  const issuing = issuer && new X509Certificate(Buffer.from(issuer.certificate).toString());
  const signer = issuer?.privateKey ?? privateKey;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: request.serialNumber,
    subject: nameOf(request.subject),
    // The issuer's own name, not a copy: names chain by their bytes.
    issuer: issuing ? issuing.subjectName : nameOf(request.subject),
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey: await cryptoKey(publicKeyOf(privateKey), 'verify'),
    signingKey: await cryptoKey(signer, 'sign'),
    signingAlgorithm: { name: 'ECDSA', hash: curveOf(signer).hash },
    extensions: await extensions(request, issuing),
  });
  return { certificate: pem('CERTIFICATE', new Uint8Array(certificate.rawData)), privateKey };
}

async function extensions(request: CertificateRequest, issuing: X509Certificate | undefined) {
  const { ca, extendedKeyUsage: usage } = request;
  const usages = ca
    ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
    : KeyUsageFlags.digitalSignature;
  const subjectKey = await cryptoKey(publicKeyOf(request.privateKey), 'verify');
  return [
    new KeyUsagesExtension(usages, true),
    new BasicConstraintsExtension(ca !== false, ca ? ca.pathLength : undefined, true),
    ...(usage ? [new ExtendedKeyUsageExtension([...usage.purposes], usage.critical)] : []),
    await SubjectKeyIdentifierExtension.create(subjectKey, false, webcrypto),
    ...(issuing ? [await authorityKeyIdentifier(issuing)] : []),
  ];
}

async function authorityKeyIdentifier(issuing: X509Certificate) {
  const identifier = issuing.getExtension(SubjectKeyIdentifierExtension);
  return identifier
    ? new AuthorityKeyIdentifierExtension(identifier.keyId, false)
    : AuthorityKeyIdentifierExtension.create(issuing, false, webcrypto);
}

function nameOf(name: DistinguishedName): Name {
  return new Name(name.map(([type, value]) => ({ [type]: [directoryString(value)] })));
}

/** DirectoryString (RFC 5280 §4.1.2.4). The type is named because a bare string would be unescaped. */
function directoryString(value: string): { printableString: string } | { utf8String: string } {
  return /^[A-Za-z0-9 '()+,\-./:=?]+$/.test(value)
    ? { printableString: value }
    : { utf8String: value };
}

// With the digest that fits the curve (RFC 5480 §4): a shorter one is all that a key would be worth.
const curves: Record<string, { readonly namedCurve: string; readonly hash: string }> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
};

function curveOf(key: KeyObject) {
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (curve === undefined) throw new TypeError('certificates are made for ECDSA keys only');
  return curve;
}

async function cryptoKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const algorithm = { name: 'ECDSA', namedCurve: curveOf(key).namedCurve };
  // Not `toCryptoKey`, which Node 20 lacks: the CLI runs there, too.
  const [format, bytes] =
    key.type === 'private'
      ? (['pkcs8', key.export({ type: 'pkcs8', format: 'der' })] as const)
      : (['spki', key.export({ type: 'spki', format: 'der' })] as const);
  return webcrypto.subtle.importKey(format, bytes, algorithm, true, [usage]);
}
