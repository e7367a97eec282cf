import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { type CertificateAuthority, SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial } from '@sigstore/verify';
import type { TrustMaterial } from '@sigstore/verify/dist/trust/trust.types.js';
import type { Documents } from './tuf-client.ts';

/** What clients trust, and where they sign. */
export interface Trust {
  readonly root: TrustedRoot;
  readonly config: SigningConfig;
  /** The same as `root`, as sigstore-js verifies by it. */
  readonly material: TrustMaterial;
}

/** @throws {JobError} data, where clients could not read one of the documents. */
export function readTrust({ trustedRoot, signingConfig }: Documents): Trust {
  const root = read('trusted_root.json', () => TrustedRoot.fromJSON(json(trustedRoot)));
  const material = read('trusted_root.json', () => toTrustMaterial(root));
  const config = read('signing_config.v0.2.json', () =>
    SigningConfig.fromJSON(json(signingConfig)),
  );
  return { root, config, material };
}

function json(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

function read<T>(name: string, reader: () => T): T {
  try {
    return reader();
  } catch (error) {
    throw new JobError('data', `sigstore-js cannot read the ${name} that is published`, {
      cause: error,
      hint: 'see what createtuf warned of when it published it',
    });
  }
}

interface Range {
  readonly start?: Date | undefined;
  readonly end?: Date | undefined;
}

/** Whether a time of validity has begun and not ended. */
export function covers({ start, end }: Range = {}, now: Date): boolean {
  return (start === undefined || start <= now) && (end === undefined || now < end);
}

/** The entries of the trust root by which what is signed now is verified. */
export function valid<T extends { readonly validFor: Range }>(all: readonly T[], now: Date): T[] {
  return all.filter(({ validFor }) => covers(validFor, now));
}

/** The URLs of a list of services that count now. */
export function urlsOf(
  services: SigningConfig['caUrls'],
  now: Date,
): { url: string; version: number }[] {
  return services
    .filter(({ validFor }) => covers(validFor, now))
    .map(({ url, majorApiVersion }) => ({ url, version: majorApiVersion }));
}

/** The certificates of an authority of the trust root, the one that signs first. */
export function chainOf({ certChain }: CertificateAuthority): X509Certificate[] {
  return (certChain?.certificates ?? []).map(({ rawBytes }) => new X509Certificate(rawBytes));
}

/** The certificates of a PEM text. @throws {Error} Where one of them is none. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('no certificate');
  return blocks.map((block) => new X509Certificate(block));
}

/** How a key is told: SHA-256 of its SubjectPublicKeyInfo, as a log's ID is. */
export function keyName(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** How a certificate is told: SHA-256 of its bytes. */
export function certificateName({ raw }: X509Certificate): string {
  return createHash('sha256').update(raw).digest('hex');
}

/** A name that is short enough for a table, and long enough to be compared. */
export function short(name: string | undefined): string {
  return name === undefined ? 'none' : `${name.slice(0, 12)}...`;
}
