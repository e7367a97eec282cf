import { type Chain, certificatePem } from '@sigstand/pki/chain';
import { publicPem } from '@sigstand/pki/keys';
import { type Addresses, timestampUrl } from './addresses.ts';
import type { LogKey, Material, Publics } from './material.ts';
import { sha256 } from './metadata.ts';

/** What a client uses a file for, in the words of sigstore's TUF client. */
export interface SigstoreMetadata {
  readonly usage: 'Fulcio' | 'CTFE' | 'Rekor' | 'TSA';
  readonly status: 'Active' | 'Expired';
  readonly uri: string;
}

/** What the list of targets says of a file besides its length and hash. */
export interface CustomMetadata {
  readonly [name: string]: unknown;
  /** The documents have none, the separate keys and certificates must have it. */
  readonly sigstore?: SigstoreMetadata;
}

/** A file that the repository hands out. */
export interface Target {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly custom?: CustomMetadata;
}

/**
 * One file for each key and certificate: older clients know no trusted_root.json and look for these,
 * by usage or by name. What comes next is named after its hash; of a TSA they refuse a second one.
 */
export function separateTargets(
  { next: { tsa: _, ...next } = {}, ...present }: Material,
  addresses: Addresses,
): Target[] {
  const coming = filesOf(next, addresses).map((one) => ({
    ...one,
    name: hashedName(one.name, one.bytes),
  }));
  return [...filesOf(present, addresses), ...coming];
}

function filesOf({ fulcio, ctlog, rekor, tsa }: Publics, addresses: Addresses): Target[] {
  return [
    ...(fulcio ? fulcioTargets(fulcio, active('Fulcio', addresses.fulcio[0])) : []),
    ...(ctlog ? [keyTarget('ctfe.pub', ctlog, active('CTFE', addresses.ctlog[0]))] : []),
    ...(rekor ? [keyTarget('rekor.pub', rekor, active('Rekor', addresses.rekor[0]))] : []),
    ...(tsa ? tsaTargets(tsa, active('TSA', timestampUrl(addresses.tsa[0]))) : []),
  ];
}

function active(usage: SigstoreMetadata['usage'], uri: string): CustomMetadata {
  return { sigstore: { usage, status: 'Active', uri } };
}

function keyTarget(name: string, { key }: LogKey, custom: CustomMetadata): Target {
  return { name, bytes: publicPem(key), custom };
}

function fulcioTargets({ root, intermediates }: Chain, custom: CustomMetadata): Target[] {
  return [
    { name: 'fulcio_v1.crt.pem', bytes: certificatePem(root), custom },
    // The name without a number is the one that clients fall back to.
    ...intermediates.map((one, index) => ({
      name: `fulcio_intermediate_v1${index === 0 ? '' : `_${index}`}.crt.pem`,
      bytes: certificatePem(one),
      custom,
    })),
  ];
}

function tsaTargets(
  { leaf, intermediates, root }: NonNullable<Publics['tsa']>,
  custom: CustomMetadata,
): Target[] {
  return [
    { name: 'tsa_leaf.crt.pem', bytes: certificatePem(leaf), custom },
    // Numbered from the root down, as the input files are.
    ...[...intermediates].reverse().map((one, index) => ({
      name: `tsa_intermediate_${index}.crt.pem`,
      bytes: certificatePem(one),
      custom,
    })),
    { name: 'tsa_root.crt.pem', bytes: certificatePem(root), custom },
  ];
}

/**
 * The separate files that were published and are no longer current: kept as Expired, by which older
 * clients go on verifying what was signed before. Not the TSA's: they refuse a second one, and find
 * the old one in trusted_root.json only if they read that.
 */
export function retiredTargets(published: readonly Target[], current: readonly Target[]): Target[] {
  return published.flatMap((target) => {
    const { name, bytes, custom } = target;
    const sigstore = custom?.sigstore;
    if (sigstore === undefined || sigstore.usage === 'TSA') return [];
    if (current.some((one) => Buffer.compare(one.bytes, bytes) === 0)) return [];
    if (sigstore.status === 'Expired') return [target];
    return [
      {
        name: hashedName(name, bytes),
        bytes,
        custom: { ...custom, sigstore: { ...sigstore, status: 'Expired' as const } },
      },
    ];
  });
}

/** The name with the beginning of the content's hash, so that any number can stand side by side. */
function hashedName(name: string, bytes: Uint8Array): string {
  const [stem, ...rest] = name.split('.');
  return [`${stem}_${sha256(bytes).slice(0, 8)}`, ...rest].join('.');
}
