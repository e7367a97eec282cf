import { createHash } from 'node:crypto';
import { oldTreeIn } from '@sigstand/contracts/shards';
import { JobError } from '@sigstand/job/errors';
import { createdNote } from '@sigstand/pki/created';
import { spki } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { readForm } from '@sigstand/pki/x509-form';
import { attributeIn, attributeType } from '@sigstand/pki/x509-names';
import {
  type CertificateAuthority,
  HashAlgorithm,
  type TransparencyLogInstance,
  TrustedRoot,
} from '@sigstore/protobuf-specs';
import { type Addresses, logUrl, timestampUrl } from './addresses.ts';
import { keyDetails } from './key-details.ts';
import { logIdOf } from './log-id.ts';
import {
  certificatesOf,
  chainOf,
  type LogKey,
  type Material,
  toldOf,
  windowOf,
} from './material.ts';

// The one media type that cosign, sigstore-go and sigstore-js all accept.
const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';

/** What clients are to trust, of this material alone. */
export function trustedRoot(material: Material, addresses: Addresses): TrustedRoot {
  const start = beginning(material);
  const rekor = toldOf(material, 'rekor');
  const ctlog = toldOf(material, 'ctlog');
  const fulcio = toldOf(material, 'fulcio');
  const tsa = toldOf(material, 'tsa');
  return {
    mediaType,
    tlogs: rekor.map((one) => log(one, logUrl(one.hostname, addresses.rekor), start)),
    certificateAuthorities: fulcio.map((one) => authority(one, addresses.fulcio[0])),
    ctlogs: ctlog.map((one) => log(one, addresses.ctlog[0], start)),
    timestampAuthorities: tsa.map((one) => authority(one, timestampUrl(addresses.tsa[0]))),
  };
}

/**
 * When the stack began, as far as its public material tells. A log's key may have no date of its own,
 * and the day on which the repository is built would make every older signature invalid at each rebuild;
 * but no keyless signature is older than the CA behind it.
 *
 * @throws {JobError} data, where nothing of the material has a date.
 */
export function beginning(material: Material): Date {
  const certified = certificatesOf(material).map((one) => one.validFromDate);
  const made = [material.rekor, material.ctlog].flatMap((log) => log?.created ?? []);
  const starts = certified.length > 0 ? certified : made;
  if (starts.length > 0) return new Date(Math.min(...starts.map((start) => start.getTime())));
  throw new JobError(
    'data',
    'there is no certificate, and no log key that tells when it was made',
    {
      hint: `annotate the log's Secret with ${createdNote}, a time such as 2026-01-31T12:00:00Z`,
    },
  );
}

/**
 * The trust that follows what was published: what is still wanted goes on, what is new is added, and
 * what is no longer wanted stays with an end, so that what it signed until now remains valid. Clients
 * find the name that Rekor signs with in its log's `baseUrl`, which therefore stays as well.
 */
export function succeeding(
  published: TrustedRoot,
  wanted: TrustedRoot,
  { now, correctLogUrl, old = [] }: { now: Date; correctLogUrl: boolean; old?: readonly OldLog[] },
): { root: TrustedRoot; retired: string[] } {
  const retired: string[] = [];
  const logs = (kind: 'tlogs' | 'ctlogs') =>
    succession(published[kind], wanted[kind], {
      identify: logIdOf,
      renew: (old, entry) => ({
        ...withWindow(entry, { start: old.publicKey?.validFor?.start }),
        baseUrl: kind === 'tlogs' && !correctLogUrl ? old.baseUrl : entry.baseUrl,
      }),
      retire: (old) => {
        const { start, end } = old.publicKey?.validFor ?? {};
        if (ended(end, now)) return old;
        retired.push(`the ${kind === 'tlogs' ? 'Rekor' : 'CT log'} key ${logIdOf(old)}`);
        return withWindow(old, { start, end: now });
      },
    });
  const authorities = (kind: 'certificateAuthorities' | 'timestampAuthorities') =>
    succession(published[kind], wanted[kind], {
      identify: chainName,
      renew: (_old, entry) => entry,
      retire: (old) => {
        const { start, end } = old.validFor ?? {};
        if (ended(end, now)) return old;
        const what = kind === 'certificateAuthorities' ? 'Fulcio' : 'timestamp authority';
        retired.push(`the ${what} chain ${chainName(old)}`);
        return { ...old, validFor: { start, end: now } };
      },
    });
  const root = {
    mediaType,
    tlogs: logs('tlogs'),
    certificateAuthorities: authorities('certificateAuthorities'),
    ctlogs: placed(logs('ctlogs'), old),
    timestampAuthorities: authorities('timestampAuthorities'),
  };
  return { root, retired };
}

/** A CT log in which nobody writes any more: its last key, and where it is read. */
export interface OldLog {
  readonly key: string;
  readonly url: string;
}

/**
 * CT logs with those of before where they are read now. A log may have had several keys, one after the other: all that were
 * published since the log before it, up to its last one.
 */
function placed(
  logs: readonly TransparencyLogInstance[],
  old: readonly OldLog[],
): TransparencyLogInstance[] {
  const known = logs.map((one) => old.find(({ key }) => key === logIdOf(one)));
  return logs.map((one, index) => {
    const tree = oldTreeIn(one.baseUrl);
    const found =
      tree === undefined
        ? known.slice(index).find((log) => log !== undefined)
        : old.find(({ url }) => oldTreeIn(url) === tree);
    // One that nobody notes any more stays where it was told.
    return found ? { ...one, baseUrl: found.url } : one;
  });
}

/** trusted_root.json. */
export function trustedRootJson(root: TrustedRoot): Uint8Array {
  return utf8(`${JSON.stringify(TrustedRoot.toJSON(root), null, 1)}\n`);
}

interface Rules<Entry> {
  readonly identify: (entry: Entry) => string;
  readonly renew: (old: Entry, wanted: Entry) => Entry;
  readonly retire: (old: Entry) => Entry;
}

/** In the order of publication, so that an entry never moves. */
function succession<Entry>(
  published: readonly Entry[],
  wanted: readonly Entry[],
  { identify, renew, retire }: Rules<Entry>,
): Entry[] {
  const known = new Set(published.map(identify));
  return [
    ...published.map((old) => {
      const same = wanted.find((entry) => identify(entry) === identify(old));
      return same ? renew(old, same) : retire(old);
    }),
    ...wanted.filter((entry) => !known.has(identify(entry))),
  ];
}

function ended(end: Date | undefined, now: Date): boolean {
  return end !== undefined && end <= now;
}

function withWindow(
  entry: TransparencyLogInstance,
  validFor: { start: Date | undefined; end?: Date },
): TransparencyLogInstance {
  const { rawBytes, keyDetails = 0 } = entry.publicKey ?? {};
  return { ...entry, publicKey: { rawBytes, keyDetails, validFor } };
}

function chainName({ certChain }: CertificateAuthority): string {
  const hash = createHash('sha256');
  for (const { rawBytes } of certChain?.certificates ?? []) hash.update(rawBytes);
  return hash.digest('hex');
}

function log({ key, created }: LogKey, baseUrl: string, dateless: Date): TransparencyLogInstance {
  const rawBytes = Buffer.from(spki(key));
  const start = created ?? dateless;
  return {
    baseUrl,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes, keyDetails: keyDetails(key), validFor: { start } },
    // RFC 6962 §3.2; Rekor took the same for its log.
    logId: { keyId: createHash('sha256').update(rawBytes).digest() },
    checkpointKeyId: undefined,
    operator: '',
  };
}

function authority(chain: Parameters<typeof chainOf>[0], uri: string): CertificateAuthority {
  const { subject } = readForm(chain.root.raw);
  const first = (type: string) => attributeIn(subject, type) ?? '';
  return {
    subject: {
      organization: first(attributeType.organization),
      commonName: first(attributeType.commonName),
    },
    uri,
    certChain: { certificates: chainOf(chain).map(({ raw }) => ({ rawBytes: raw })) },
    validFor: windowOf(chain),
    operator: '',
  };
}
