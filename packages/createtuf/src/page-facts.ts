import {
  type CertificateAuthority,
  SigningConfig,
  type TransparencyLogInstance,
  TrustedRoot,
} from '@sigstore/protobuf-specs';
import { logIdOf } from './log-id.ts';
import { sha256 } from './metadata.ts';
import { publishedDocument } from './published-document.ts';
import { publishedTargets, type Repository, targetFileName } from './repository.ts';
import { signedAt } from './times.ts';

/** All that the page says of a repository; nothing of it depends on when it is asked. */
export interface PageFacts {
  /** Where clients reach the repository. */
  readonly mirror: string;
  /** Who runs the services, where somebody said so. */
  readonly operator: string | undefined;
  /** The SHA-256 of 1.root.json. */
  readonly firstRoot: string;
  readonly services: readonly { readonly name: string; readonly url: string }[];
  readonly signed: readonly SignedRole[];
  readonly trusted: readonly Trusted[];
  /** The files for clients that read no trusted_root.json, by their names at the mirror. */
  readonly separate: Separate;
}

/** One file of metadata, and until when clients take it. */
export interface SignedRole {
  readonly role: string;
  readonly version: number;
  readonly signed: Date | undefined;
  readonly expires: Date | undefined;
}

/** One key or chain, and for which time clients take its signatures. */
export interface Trusted {
  readonly what: string;
  /** The URL of a log, the name of an authority. */
  readonly name: string;
  /** The SHA-256 of a log's key, or of an authority's root. */
  readonly id: string;
  readonly start: Date | undefined;
  readonly end: Date | undefined;
}

/** Undefined where there is none. */
export interface Separate {
  readonly fulcio: readonly string[];
  readonly rekor: string | undefined;
  readonly ctlog: string | undefined;
}

/** What createtuf writes where nobody said who runs the services. */
export const nobody = 'sigstand';

/** What a repository says, of which another program may have made a part. */
export function pageFacts(repository: Repository, mirror: string): PageFacts {
  const root = publishedDocument(repository, 'trusted_root.json', TrustedRoot.fromJSON);
  const config = publishedDocument(repository, 'signing_config.v0.2.json', SigningConfig.fromJSON);
  const operator = config?.caUrls.concat(config.rekorTlogUrls, config.tsaUrls)[0]?.operator;
  return {
    mirror,
    operator: operator === nobody ? undefined : operator || undefined,
    firstRoot: sha256(repository.files['1.root.json'] ?? new Uint8Array()),
    services: servicesIn(config),
    signed: signedRoles(repository),
    trusted: root ? trustedIn(root) : [],
    separate: separateIn(repository),
  };
}

function servicesIn(config: SigningConfig | undefined): PageFacts['services'] {
  if (config === undefined) return [];
  const named = (name: string, all: readonly { url: string }[]) =>
    all.map(({ url }) => ({ name, url }));
  return [
    ...named('Fulcio', config.caUrls),
    ...named('Rekor', config.rekorTlogUrls),
    ...named('Timestamp authority', config.tsaUrls),
    ...named('Issuer', config.oidcUrls),
  ];
}

function signedRoles({ root, targets, snapshot, timestamp, files }: Repository): SignedRole[] {
  const all = [
    ['root', root, `${root.version}.root.json`],
    ['targets', targets, `${targets.version}.targets.json`],
    ['snapshot', snapshot, `${snapshot.version}.snapshot.json`],
    ['timestamp', timestamp, 'timestamp.json'],
  ] as const;
  return all.map(([role, { version, expires }, file]) => ({
    role,
    version,
    signed: signedAt(files[file]),
    expires: dated(expires),
  }));
}

function dated(text: string): Date | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time);
}

function trustedIn(root: TrustedRoot): Trusted[] {
  const log = (what: string) => (one: TransparencyLogInstance) => ({
    what,
    name: one.baseUrl,
    id: logIdOf(one),
    start: one.publicKey?.validFor?.start,
    end: one.publicKey?.validFor?.end,
  });
  const authority = (what: string) => (one: CertificateAuthority) => ({
    what,
    name: [one.subject?.organization, one.subject?.commonName].filter(Boolean).join(', '),
    id: sha256(one.certChain?.certificates.at(-1)?.rawBytes ?? new Uint8Array()),
    start: one.validFor?.start,
    end: one.validFor?.end,
  });
  return [
    ...root.certificateAuthorities.map(authority('Fulcio, the certificate authority')),
    ...root.ctlogs.map(log('CT log, of its certificates')),
    ...root.tlogs.map(log('Rekor, the log of signatures')),
    ...root.timestampAuthorities.map(authority('Timestamp authority')),
  ];
}

/** Fulcio's with those of before, since older commits are verified with the same file. */
function separateIn(repository: Repository): Separate {
  const files = publishedTargets(repository);
  const atMirror = (one: (typeof files)[number]) => targetFileName(one.name, one.bytes);
  const named = (name: string) => files.filter((one) => one.name === name).map(atMirror)[0];
  return {
    fulcio: files.filter(({ custom }) => custom?.sigstore?.usage === 'Fulcio').map(atMirror),
    rekor: named('rekor.pub'),
    ctlog: named('ctfe.pub'),
  };
}
