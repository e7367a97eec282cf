import type { X509Certificate } from 'node:crypto';
import { records } from '@sigstand/contracts/records';
import { at, JobError } from '@sigstand/job/errors';
import { readHostName } from '@sigstand/job/host-name';
import { contrasted, listed } from '@sigstand/job/listed';
import { refuseStrangers } from '@sigstand/job/strangers';
import {
  certificatePem,
  orderChain,
  parseCertificates,
  refuseNoCodeSigning,
  refuseNoTimeStamping,
} from '@sigstand/pki/chain';
import { PkiError } from '@sigstand/pki/error';
import {
  fingerprint,
  parsePublicKey,
  publicPem,
  refuseNewCtKey,
  refuseNoCtKey,
  refusePrivate,
} from '@sigstand/pki/keys';
import { refuseInvalid } from '@sigstand/pki/validity';
import type { Change, Data } from '@sigstand/store/store';

/** Whose public half it is. */
export type Service = 'fulcio' | 'ctlog' | 'rekor' | 'tsa';

/** One of a chain's certificates in a key of its own (createtuf takes a chain in either form). */
const splitKey = /^[a-z0-9_]+_(root|leaf|intermediate_\d{1,3})\.crt\.pem$/;
const chainKeys = ['cert', 'cert-chain'];
const noChain = ['public', 'hostname'];

/** A log's name may be missing: a Rekor key of somebody's own making has none. */
export function isRequired(key: string): boolean {
  return key !== 'hostname';
}

/**
 * The named keys of a source, and nothing else of it; undefined where one is not there yet. Where a
 * chain has no key of its own, the keys with its single certificates stand in for it.
 */
export function publicPart(source: Data | undefined, keys: readonly string[]): Data | undefined {
  const picked: Record<string, Uint8Array> = {};
  for (const key of keys) {
    const value = source?.[key];
    const found = value?.length ? { [key]: value } : splitChain(source, key);
    if (found === undefined && !isRequired(key)) continue;
    if (found === undefined) return undefined;
    Object.assign(picked, found);
  }
  return picked;
}

/**
 * Refuses a record that has something under names that nobody here reads, where the keys are lacking.
 *
 * @throws {JobError} contradiction
 */
export function refuseOtherNames(
  place: string,
  data: Data | undefined,
  keys: readonly string[],
  { beside }: { beside?: 'harmless' } = {},
): undefined {
  // Beside a copied key, what others keep is theirs.
  if (beside === 'harmless' && keys.some((key) => data?.[key]?.length)) return;
  const wanted = keys.filter((key) => isRequired(key) && !data?.[key]?.length);
  const parts = Object.keys(data ?? {}).filter((name) => splitKey.test(name));
  const known = [...records.flatMap((record) => record.keys), ...parts];
  refuseStrangers(place, data, { wanted, known });
}

function splitChain(source: Data | undefined, key: string): Data | undefined {
  if (!chainKeys.includes(key)) return undefined;
  const entries = Object.entries(source ?? {}).filter(([name]) => splitKey.test(name));
  const whole = entries.some(([name]) => name.includes('_root.'));
  return whole ? Object.fromEntries(entries) : undefined;
}

/**
 * What is copied of each value: the keys and certificates that were read, and nothing that stood around
 * them in the text.
 *
 * @throws {JobError} data, above all where a private key is found; contradiction, where a public key
 *   is not that of the certificate beside it.
 */
export function fitToCopy(place: string, data: Data, service: Service): Data {
  const fit = Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      const where = `${place} key ${key}`;
      return [key, at(where, () => fitting(where, key, { value, service }))];
    }),
  );
  const certificates = certificatesIn(place, data);
  if (certificates.length > 0) at(place, () => refuseUnusable(certificates, service));
  const { public: key } = fit;
  if (key !== undefined && certificates.length > 0) refuseOther(place, key, certificates);
  return fit;
}

/** The certificates under all keys of a source. */
export function certificatesIn(place: string, data: Data): X509Certificate[] {
  return Object.entries(data).flatMap(([key, value]) =>
    noChain.includes(key) ? [] : at(`${place} key ${key}`, () => parseCertificates(value)),
  );
}

function fitting(
  place: string,
  key: string,
  { value, service }: { value: Uint8Array; service: Service },
): Uint8Array {
  if (key === 'hostname') return new Uint8Array(Buffer.from(readHostName(place, value)));
  return key === 'public' ? keyText(value, service) : chainText(value);
}

/** What clients will ask of the chain, said before it is copied. */
function refuseUnusable(certificates: readonly X509Certificate[], service: Service): void {
  const { leaf, ...chain } = orderChain(certificates);
  if (service === 'tsa') {
    if (leaf === undefined) throw new PkiError('has no certificate that signs timestamps');
    refuseNoTimeStamping({ ...chain, leaf });
  } else {
    if (leaf) throw new PkiError("has a certificate below Fulcio's CA");
    refuseNoCodeSigning({ ...chain, leaf });
  }
}

function keyText(value: Uint8Array, service: Service): Uint8Array {
  const key = parsePublicKey(value);
  if (service === 'ctlog') refuseNoCtKey(key);
  return publicPem(key);
}

function chainText(value: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat(parseCertificates(value).map(certificatePem)));
}

function refuseOther(place: string, key: Uint8Array, certificates: readonly X509Certificate[]) {
  const certified = certificates.map(({ publicKey }) => fingerprint(publicKey));
  const published = fingerprint(parsePublicKey(key));
  if (certified.includes(published)) return;
  throw new JobError(
    'contradiction',
    `${place} key public is ${published}, but key cert is for ${listed(certified)}`,
    { hint: 'it was not copied; find out which of the two the service uses' },
  );
}

/**
 * What is in use stays in use. What is new has to be of use now.
 *
 * @throws {JobError} data, where what is about to be copied is a certificate that is not valid now, or a CT
 *   log's key that clients do not verify with.
 */
export function refuseUseless(
  place: string,
  change: Change | undefined,
  { service, now }: { service: Service; now: Date },
): void {
  const { data = {} } = change ?? {};
  const certificates = certificatesIn(place, data);
  at(place, () => refuseInvalid(certificates, now));
  const { public: key } = data;
  if (service !== 'ctlog' || key === undefined) return;
  at(`${place} key public`, () => refuseNewCtKey(parsePublicKey(key)));
}

/** What the copy lacks of its source; with `replace`, also what it has of another source. */
export function lackingInCopy(
  places: { readonly source: string; readonly copy: string },
  source: Data,
  { current, replace }: { current: Data | undefined; replace: boolean },
): Change | undefined {
  const data: Record<string, Uint8Array> = {};
  for (const [key, value] of Object.entries(source)) {
    const there = current?.[key];
    if (there?.length && isKept(places, key, { there, value, replace })) continue;
    data[key] = value;
  }
  return Object.keys(data).length > 0 ? { data } : undefined;
}

interface Compared {
  readonly there: Uint8Array;
  readonly value: Uint8Array;
  readonly replace: boolean;
}

/** Whether the copy stays as it is; bytes that say the same in another way do. */
function isKept(
  { source, copy }: { source: string; copy: string },
  key: string,
  { there, value, replace }: Compared,
): boolean {
  if (Buffer.compare(there, value) === 0) return true;
  if (replace) return false;
  const [found, wanted] = [identify(copy, key, there), identify(source, key, value)];
  if (found === wanted) return true;
  const [its, theirs] = contrasted(found.split(', '), wanted.split(', '));
  throw new JobError('contradiction', `${copy} key ${key} is ${its}, but ${source} has ${theirs}`, {
    hint:
      'the copy stays; restore the Secret whose key clients trust (docs/backup.md), ' +
      'or bring them the new one (docs/rotation.md)',
  });
}

/** The keys under which the copy's record holds a private key, which no Job put there. */
export function strayPrivateKeys(copy: Data): string[] {
  return Object.entries(copy)
    .filter(([, value]) => holdsPrivate(value))
    .map(([key]) => key);
}

function holdsPrivate(value: Uint8Array): boolean {
  try {
    refusePrivate(value);
    return false;
  } catch {
    return true;
  }
}

/** What tells a value from others: SHA-256 of the public key, or of each certificate; the name itself. */
export function identify(place: string, key: string, value: Uint8Array): string {
  return at(`${place} key ${key}`, () => {
    if (key === 'hostname') return readHostName(`${place} key ${key}`, value);
    if (key === 'public') return fingerprint(parsePublicKey(value));
    return parseCertificates(value)
      .map(({ fingerprint256 }) => fingerprint256)
      .join(', ');
  });
}
