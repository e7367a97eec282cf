import { oldTreeIn } from '@sigstand/contracts/shards';
import { pem } from '@sigstand/pki/pem';
import { wholeSeconds } from '@sigstand/pki/time';
import { clockSkew } from '@sigstand/pki/validity';
import {
  type CertificateAuthority,
  type Service,
  SigningConfig,
  type TransparencyLogInstance,
  TrustedRoot,
} from '@sigstore/protobuf-specs';

/** What a client is given: the first root, the repository that follows from it, and what that says. */
export interface Trust {
  readonly root: Uint8Array;
  /** The repository as a gzipped tar. */
  readonly repository: Uint8Array;
  /** The page of it for people, as it is reached there. */
  readonly page: (mirror: string) => Uint8Array;
  /** When a file of the repository was signed, by its name there. */
  readonly signed: (name: string) => Date;
  readonly trustedRoot: Uint8Array;
  readonly signingConfig: Uint8Array;
  readonly services: Services;
  readonly keys: Keys;
}

/** Where a client that signs finds what; a service that the stack has not is left out. */
export interface Services {
  readonly fulcio?: string;
  readonly rekor?: string;
  /** With the log's prefix. */
  readonly ctlog?: string;
  /** Where the CT logs from before a move are read, from the oldest to the newest. */
  readonly oldCtlogs?: readonly string[];
  readonly tsa?: string;
  readonly issuer?: string;
}

/** PEM, for clients that know neither trusted_root.json nor TUF. */
export interface Keys {
  /** Every CA that was trusted here, also those that were replaced. */
  readonly fulcio?: Uint8Array;
  /** The log that is written to now. */
  readonly rekor?: Uint8Array;
  readonly ctlog?: Uint8Array;
  /** The chain of the timestamp authority that stamps now. */
  readonly tsa?: Uint8Array;
}

/** A document of the repository that no client could use. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly fault = 'data';
  readonly hint: string | undefined;

  constructor(message: string, { hint }: { readonly hint?: string } = {}) {
    super(message);
    this.hint = hint;
  }
}

/**
 * The services that the two documents name, for a client that takes one of each.
 *
 * @throws {DocumentError}
 */
export function servicesOf(trusted: TrustedRoot, signing: SigningConfig, now: Date): Services {
  const first = (services: readonly Service[]) =>
    services.find(({ validFor }) => covers(validFor, now))?.url;
  const frozen = trusted.ctlogs.map(({ baseUrl }) => baseUrl).filter(oldTreeIn);
  return withoutAbsent({
    fulcio: first(signing.caUrls),
    rekor: first(signing.rekorTlogUrls),
    ctlog: current(trusted.ctlogs, now)?.baseUrl,
    oldCtlogs: frozen.length > 0 ? [...new Set(frozen)] : undefined,
    tsa: first(signing.tsaUrls),
    issuer: first(signing.oidcUrls),
  });
}

/** The keys and certificates of trusted_root.json. */
export function keysOf(trusted: TrustedRoot, now: Date): Keys {
  const key = (log: TransparencyLogInstance | undefined) =>
    log?.publicKey?.rawBytes && pem('PUBLIC KEY', log.publicKey.rawBytes);
  const tsa = trusted.timestampAuthorities.find(({ validFor }) => covers(validFor, now));
  return withoutAbsent({
    fulcio: joined(trusted.certificateAuthorities.flatMap(certificates)),
    rekor: key(current(trusted.tlogs, now)),
    ctlog: key(current(trusted.ctlogs, now)),
    tsa: tsa && joined(certificates(tsa)),
  });
}

/**
 * The time by which the documents are read: the clock's, or that of their newest entry, where the clock is behind by a little.
 * By one that is further behind, what is trusted now would be left out, or what was trusted before taken for it.
 *
 * @throws {DocumentError}
 */
export function timeBy(trusted: TrustedRoot, now: Date): Date {
  const logs = [...trusted.tlogs, ...trusted.ctlogs].map(({ publicKey }) => publicKey?.validFor);
  const chains = [...trusted.certificateAuthorities, ...trusted.timestampAuthorities];
  const ranges = [...logs, ...chains.map(({ validFor }) => validFor)];
  const last = Math.max(now.getTime(), ...ranges.map((one) => one?.start?.getTime() ?? 0));
  if (last <= now.getTime() + clockSkew) return new Date(last);
  const since = wholeSeconds(new Date(last));
  const message = `has what clients trust from ${since} on, and the clock here says ${wholeSeconds(now)}`;
  throw new DocumentError(message, { hint: 'set it by the network; nothing was written' });
}

/** @throws {DocumentError} */
export function readTrustedRoot(bytes: Uint8Array): TrustedRoot {
  return document('trusted_root.json', bytes, TrustedRoot.fromJSON);
}

/** @throws {DocumentError} */
export function readSigningConfig(bytes: Uint8Array): SigningConfig {
  return document('signing_config.v0.2.json', bytes, SigningConfig.fromJSON);
}

function document<T>(name: string, bytes: Uint8Array, read: (json: unknown) => T): T {
  try {
    return read(JSON.parse(Buffer.from(bytes).toString()));
  } catch {
    // A parser's message may quote what it read.
    throw new DocumentError(`has a ${name} that clients cannot read`);
  }
}

function joined(texts: readonly Uint8Array[]): Uint8Array | undefined {
  return texts.length > 0 ? new Uint8Array(Buffer.concat(texts)) : undefined;
}

function certificates({ certChain }: CertificateAuthority): Uint8Array[] {
  return (certChain?.certificates ?? []).map(({ rawBytes }) => pem('CERTIFICATE', rawBytes));
}

function current(logs: readonly TransparencyLogInstance[], now: Date) {
  return logs.find(({ publicKey }) => covers(publicKey?.validFor, now));
}

interface Range {
  readonly start?: Date | undefined;
  readonly end?: Date | undefined;
}

function covers({ start, end }: Range = {}, now: Date): boolean {
  return (start === undefined || start <= now) && (end === undefined || now < end);
}

type Absent<T> = { readonly [K in keyof T]: T[K] | undefined };

function withoutAbsent<T extends object>(values: Absent<T>): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value)) as T;
}
