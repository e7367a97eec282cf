import 'reflect-metadata'; // @peculiar/x509 looks its schemas up through it
import { type KeyObject, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
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

/** id-kp-timeStamping (RFC 3161 §2.3). */
export const timeStamping = '1.3.6.1.5.5.7.3.8';

/** Issues an X.509 v3 certificate with the extensions that RFC 5280 §4.2.1 wants for its role. */
export async function issueCertificate(request: CertificateRequest): Promise<Certified> {
  const { privateKey, issuer } = request;
  const issuing = issuer && new X509Certificate(Buffer.from(issuer.certificate).toString());
  const signer = issuer?.privateKey ?? privateKey;
  const curve = signer.asymmetricKeyDetails?.namedCurve ?? '';
  const certificate = await X509CertificateGenerator.create({
    serialNumber: request.serialNumber,
    subject: jsonName(request.subject),
    issuer: issuing ? issuing.subjectName.toJSON() : jsonName(request.subject),
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey: await cryptoKey(publicKeyOf(privateKey), 'verify'),
    signingKey: await cryptoKey(signer, 'sign'),
    // The digest that fits the curve (RFC 5758 §3.2; SEC 1): a P-384 key is not worth more with SHA-256.
    signingAlgorithm: { name: 'ECDSA', hash: curve === 'secp384r1' ? 'SHA-384' : 'SHA-256' },
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

function jsonName(name: DistinguishedName): JsonName {
  return name.map(([type, value]) => ({ [type]: [value] }));
}

const curves: Record<string, string> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

async function cryptoKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const namedCurve = curves[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? '';
  return key.toCryptoKey({ name: 'ECDSA', namedCurve }, true, [usage]);
}
