import { certificatePem } from '@sigstand/pki/chain';
import { publicPem } from '@sigstand/pki/keys';
import { type Addresses, timestampUrl } from './addresses.ts';
import type { Material } from './material.ts';
import { sha256 } from './metadata.ts';

/** What a client uses a file for, in the words of sigstore's TUF client. */
export interface SigstoreMetadata {
  readonly usage: 'Fulcio' | 'CTFE' | 'Rekor' | 'TSA';
  readonly status: 'Active' | 'Expired';
  readonly uri: string;
}

/** A file that the repository hands out. */
export interface Target {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The documents have none, the separate keys and certificates must have it. */
  readonly sigstore?: SigstoreMetadata;
}

/**
 * One file for each key and certificate: older clients know no trusted_root.json and look for these,
 * by usage or by name.
 */
export function separateTargets(
  { fulcio, ctlog, rekor, tsa }: Material,
  addresses: Addresses,
): Target[] {
  const active = (usage: SigstoreMetadata['usage'], uri: string) => ({
    sigstore: { usage, status: 'Active', uri } as const,
  });
  const ca = active('Fulcio', addresses.fulcio);
  const stamps = active('TSA', timestampUrl(addresses));
  // Numbered from the root down, as the input files are.
  const tsaIntermediates = [...tsa.intermediates].reverse();
  return [
    { name: 'fulcio_v1.crt.pem', bytes: certificatePem(fulcio.root), ...ca },
    // The name without a number is the one that clients fall back to.
    ...fulcio.intermediates.map((one, index) => ({
      name: `fulcio_intermediate_v1${index === 0 ? '' : `_${index}`}.crt.pem`,
      bytes: certificatePem(one),
      ...ca,
    })),
    { name: 'ctfe.pub', bytes: publicPem(ctlog), ...active('CTFE', addresses.ctlog) },
    { name: 'rekor.pub', bytes: publicPem(rekor), ...active('Rekor', addresses.rekor) },
    { name: 'tsa_leaf.crt.pem', bytes: certificatePem(tsa.leaf), ...stamps },
    ...tsaIntermediates.map((one, index) => ({
      name: `tsa_intermediate_${index}.crt.pem`,
      bytes: certificatePem(one),
      ...stamps,
    })),
    { name: 'tsa_root.crt.pem', bytes: certificatePem(tsa.root), ...stamps },
  ];
}

/**
 * The separate files that were published and are no longer current: kept as Expired, by which older
 * clients go on verifying what was signed before. Not the TSA's: they refuse a second one, and find
 * the old one in trusted_root.json only if they read that.
 */
export function retiredTargets(published: readonly Target[], current: readonly Target[]): Target[] {
  return published.flatMap((target) => {
    const { name, bytes, sigstore } = target;
    if (sigstore === undefined || sigstore.usage === 'TSA') return [];
    if (current.some((one) => Buffer.compare(one.bytes, bytes) === 0)) return [];
    if (sigstore.status === 'Expired') return [target];
    return [
      {
        name: retiredName(name, bytes),
        bytes,
        sigstore: { ...sigstore, status: 'Expired' as const },
      },
    ];
  });
}

/** The old name with the beginning of the content's hash, so that any number can stand side by side. */
function retiredName(name: string, bytes: Uint8Array): string {
  const [stem, ...rest] = name.split('.');
  return [`${stem}_${sha256(bytes).slice(0, 8)}`, ...rest].join('.');
}
