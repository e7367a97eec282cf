import type { X509Certificate } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import type { CertificateAuthority } from '@sigstore/protobuf-specs';
import { contradicts, type Finding, failed, ok } from './finding.ts';
import { certificateName, certificatesIn, chainOf, covers, short } from './trust.ts';
import type { Heard } from './way.ts';

/** What one Fulcio answered. */
export interface FulcioAnswers {
  readonly url: string;
  /** `/api/v2/trustBundle`. */
  readonly bundle: Heard;
  /** `/api/v2/configuration`. */
  readonly configuration: Heard;
}

/** The chains by which Fulcio certifies, each with its root last. @throws {JobError} data */
export function chainsIn(body: Buffer): X509Certificate[][] {
  try {
    const { chains } = JSON.parse(body.toString()) as { chains: { certificates: string[] }[] };
    if (chains.length > 0) return chains.map((one) => certificatesIn(one.certificates.join('\n')));
  } catch {
    // The same.
  }
  throw new JobError('data', 'its answer is no trust bundle of Fulcio', {
    hint: 'see what stands at this URL',
  });
}

/** The roots of an answer that may be none. */
export function rootsOf(bundle: Heard): X509Certificate[] {
  if (bundle instanceof JobError) return [];
  try {
    return chainsIn(bundle).flatMap((chain) => chain.at(-1) ?? []);
  } catch {
    return []; // its own line says so
  }
}

/** Fulcio's chain and issuers, against what clients trust and where they are sent. */
export function judgeFulcio(
  { url, bundle, configuration }: FulcioAnswers,
  trusted: { authorities: readonly CertificateAuthority[]; issuers: readonly string[]; now: Date },
): Finding[] {
  if (bundle instanceof JobError) return [failed('address', url, bundle)];
  return [
    ok({ check: 'address', subject: url, says: 'it answers' }),
    judged('fulcio-chain', url, () =>
      chainsIn(bundle).map((live) =>
        judgeChain({ check: 'fulcio-chain', subject: url }, live, trusted),
      ),
    ),
    judged('fulcio-issuers', url, () =>
      configuration instanceof JobError
        ? [failed('fulcio-issuers', url, configuration)]
        : trusted.issuers.map((issuer) => known(url, issuer, issuersIn(configuration))),
    ),
  ].flat();
}

function judged(check: string, url: string, judge: () => Finding[]): Finding[] {
  try {
    return judge();
  } catch (error) {
    if (error instanceof JobError) return [failed(check, url, error)];
    throw error;
  }
}

/** Whether clients trust a chain now, as a whole. */
export function judgeChain(
  told: { check: string; subject: string },
  live: readonly X509Certificate[],
  { authorities, now }: { authorities: readonly CertificateAuthority[]; now: Date },
): Finding {
  const name = short(live[0] && certificateName(live[0]));
  const chains = (all: readonly CertificateAuthority[]) =>
    all.map((one) => chainOf(one).map(certificateName));
  const inside = (all: readonly CertificateAuthority[]) =>
    chains(all).some((chain) => live.every((one) => chain.includes(certificateName(one))));
  const current = authorities.filter(({ validFor }) => covers(validFor, now));
  if (inside(current)) {
    return ok({ ...told, says: `chain ${name} of ${live.length}, which clients trust` });
  }
  const trusted = chains(current).map(([first]) => short(first));
  return contradicts({
    ...told,
    says: inside(authorities)
      ? `it signs by chain ${name}, which clients do not trust now`
      : `it signs by chain ${name}, and clients trust ${trusted.join(', ') || 'none'}`,
    todo: 'restore the chain that clients trust (docs/backup.md), or bring them the new one (docs/rotation.md)',
  });
}

interface Issuer {
  readonly issuerUrl?: string;
  readonly wildcardIssuerUrl?: string;
}

function issuersIn(body: Buffer): readonly Issuer[] {
  try {
    const { issuers } = JSON.parse(body.toString()) as { issuers: readonly Issuer[] };
    if (Array.isArray(issuers)) return issuers;
  } catch {
    // The same.
  }
  throw new JobError('data', 'its answer is no configuration of Fulcio', {
    hint: 'see what stands at this URL',
  });
}

function known(url: string, issuer: string, issuers: readonly Issuer[]): Finding {
  const told = { check: 'fulcio-issuers', subject: url };
  const found = issuers.some(
    ({ issuerUrl, wildcardIssuerUrl }) =>
      issuerUrl === issuer || (wildcardIssuerUrl && matches(wildcardIssuerUrl, issuer)),
  );
  if (found) return ok({ ...told, says: `it takes tokens of ${issuer}` });
  return contradicts({
    ...told,
    says: `clients are sent to the issuer ${issuer}, whose tokens it does not take`,
    todo: 'add it to ConfigMap fulcio-config and restart Fulcio, or correct CREATETUF_OIDC_ISSUER',
  });
}

/** Fulcio's meta issuers: a star stands for letters, digits, - and _ (pkg/config, v1.8.8). */
function matches(pattern: string, issuer: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[-_a-zA-Z0-9]+')}$`).test(issuer);
}
