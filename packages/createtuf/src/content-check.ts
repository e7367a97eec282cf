import { createHash } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import type { Chain } from '@sigstand/pki/chain';
import { spki } from '@sigstand/pki/keys';
import type { Data } from '@sigstand/store/store';
import {
  PublicKeyDetails,
  SigningConfig,
  type TransparencyLogInstance,
  TrustedRoot,
} from '@sigstore/protobuf-specs';
import { CertificateChainVerifier } from '@sigstore/verify/dist/key/certificate.js';
import { toTrustMaterial } from '@sigstore/verify/dist/trust/index.js';
import type {
  CertAuthority,
  TLogAuthority,
  TrustMaterial,
} from '@sigstore/verify/dist/trust/trust.types.js';
import { timestampUrl } from './addresses.ts';
import type { Contents } from './documents.ts';
import { chainOf, type LogKey, toldOf } from './material.ts';
import { publishedTargets, type Repository, targetFileName } from './repository.ts';

/** What the documents are to say. */
type Said = Pick<Contents, 'material' | 'addresses' | 'now'>;

/**
 * What to say of a log that signs with RSA: sigstore-js takes such a key for the older form of its bytes (PKCS #1), and
 * then reads no trusted_root.json at all. As of @sigstore/verify 4.1.3.
 */
const rsaWarning =
  'sigstore-js reads no trusted_root.json with the RSA key of a log; other clients do';

/**
 * Reads the documents among `files`, which are those that are new, as sigstore-js does: its trust
 * material must have each key and chain that was given, and its verifier must accept each chain.
 *
 * @returns What to warn of.
 * @throws {JobError} data, for a chain that it does not verify; bug, for anything else.
 */
export function checkContent(repository: Repository, files: Data, said: Said): string[] {
  const document = <T>(name: string, reader: (json: unknown) => T): T | undefined => {
    const found = publishedTargets(repository).find((target) => target.name === name);
    if (!found || !files[targetFileName(name, found.bytes)]) return undefined;
    return read(name, () => reader(JSON.parse(Buffer.from(found.bytes).toString())));
  };
  const services = document('signing_config.v0.2.json', SigningConfig.fromJSON);
  if (services) checkServices(services, said);
  const root = document('trusted_root.json', TrustedRoot.fromJSON);
  if (root === undefined) return [];
  const { tlogs, ctlogs } = root;
  const readable = { ...root, tlogs: tlogs.filter(isRead), ctlogs: ctlogs.filter(isRead) };
  const trust = read('trusted_root.json', () => toTrustMaterial(readable));
  checkTrust(trust, said);
  return tlogs.every(isRead) && ctlogs.every(isRead) ? [] : [rsaWarning];
}

function isRead({ publicKey }: TransparencyLogInstance): boolean {
  return !/RSA/.test(PublicKeyDetails[publicKey?.keyDetails ?? 0] ?? '');
}

function read<T>(name: string, reader: () => T): T {
  try {
    return reader();
  } catch (error) {
    throw wrong(`${name} cannot be read: ${told(error)}`, error);
  }
}

function checkTrust(trust: TrustMaterial, { material, now }: Said): void {
  for (const authority of trust.certificateAuthorities) verifyChain('Fulcio', authority);
  for (const authority of trust.timestampAuthorities) verifyChain('the TSA', authority);
  for (const log of [...trust.tlogs, ...trust.ctlogs]) {
    if (log.logID.toString('hex') !== sha256(spki(log.publicKey)))
      throw wrong('a log has an ID that is not its key’s');
  }
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = trust;
  const isIn = (logs: readonly TLogAuthority[]) => (one: LogKey) => trustsLog(logs, one, now);
  const isOf = (all: readonly CertAuthority[]) => (one: Chain) => trustsChain(all, one);
  const missing = [
    !toldOf(material, 'rekor').every(isIn(tlogs)) && 'Rekor',
    !toldOf(material, 'ctlog').every(isIn(ctlogs)) && 'the CT log',
    !toldOf(material, 'fulcio').every(isOf(certificateAuthorities)) && 'Fulcio',
    !toldOf(material, 'tsa').every(isOf(timestampAuthorities)) && 'the TSA',
  ].find((one) => one);
  if (missing) throw wrong(`trusted_root.json lacks what was given of ${missing}`);
}

/** As the client does with what hangs from the chain: from its first certificate to its root. */
function verifyChain(whose: string, { certChain, validFor }: CertAuthority): void {
  const [first] = certChain;
  try {
    if (first === undefined) throw new Error('it is empty');
    const path = new CertificateChainVerifier({
      untrustedCert: first,
      trustedCerts: certChain,
      timestamp: validFor.start,
    }).verify();
    if (path.length !== certChain.length) throw new Error('it leaves out a part of it');
  } catch (error) {
    throw new JobError(
      'data',
      `sigstore-js does not verify the chain of ${whose}: ${told(error)}`,
      {
        cause: error,
        hint: 'nothing was published; give the service a chain that every client verifies',
      },
    );
  }
}

function trustsLog(logs: readonly TLogAuthority[], { key }: LogKey, now: Date): boolean {
  if (key.asymmetricKeyType === 'rsa') return true;
  return logs.some(({ publicKey, validFor }) => publicKey.equals(key) && validFor.end > now);
}

function trustsChain(authorities: readonly CertAuthority[], chain: Chain): boolean {
  const wanted = chainOf(chain).map(({ raw }) => sha256(raw));
  return authorities.some(({ certChain }) => {
    const found = certChain.map((one) => sha256(one.clone().root.toDER()));
    return found.join() === wanted.join();
  });
}

function checkServices(config: SigningConfig, { material, addresses }: Said): void {
  const { fulcio, rekor, tsa } = material;
  const lists = [
    ['caUrls', config.caUrls, fulcio ? addresses.fulcio : []],
    ['oidcUrls', config.oidcUrls, fulcio ? addresses.oidcIssuer : []],
    ['rekorTlogUrls', config.rekorTlogUrls, rekor ? addresses.rekor : []],
    ['tsaUrls', config.tsaUrls, tsa ? addresses.tsa.map(timestampUrl) : []],
  ] as const;
  for (const [name, services, wanted] of lists) {
    if (services.map(({ url }) => url).join('\n') === wanted.join('\n')) continue;
    throw wrong(`signing_config.v0.2.json has other ${name} than were given`);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function told(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const reason = cause instanceof Error ? cause : error;
  return reason instanceof Error ? reason.message : 'unknown error';
}

function wrong(what: string, cause?: unknown): JobError {
  return new JobError('bug', `what was made is no good to sigstore-js: ${what}`, {
    cause,
    hint: 'nothing was published; please report it',
  });
}
