import { at, JobError } from '@sigstand/job/errors';
import { parseCertificates } from '@sigstand/pki/chain';
import { fingerprint, parsePublicKey, refusePrivate } from '@sigstand/pki/keys';
import type { Change, Data } from '@sigstand/store/store';

/** One of a chain's certificates in a key of its own (createtuf takes a chain in either form). */
const splitKey = /^[a-z0-9_]+_(root|leaf|intermediate_[0-9])\.crt\.pem$/;
const chainKeys = ['cert', 'cert-chain'];

/**
 * The named keys of a source, and nothing else of it; undefined where one is not there yet. Where a
 * chain has no key of its own, the keys with its single certificates stand in for it.
 */
export function publicPart(source: Data | undefined, keys: readonly string[]): Data | undefined {
  const picked: Record<string, Uint8Array> = {};
  for (const key of keys) {
    const value = source?.[key];
    const found = value?.length ? { [key]: value } : splitChain(source, key);
    if (found === undefined) return undefined;
    Object.assign(picked, found);
  }
  return picked;
}

function splitChain(source: Data | undefined, key: string): Data | undefined {
  if (!chainKeys.includes(key)) return undefined;
  const entries = Object.entries(source ?? {}).filter(([name]) => splitKey.test(name));
  const whole = entries.some(([name]) => name.includes('_root.'));
  return whole ? Object.fromEntries(entries) : undefined;
}

/**
 * Checks that every value is certificates or one public key.
 *
 * @throws {JobError} data, above all where a private key is found; contradiction, where a public key
 *   is not that of the certificate beside it.
 */
export function refuseUnfit(place: string, data: Data): void {
  for (const [key, value] of Object.entries(data)) identify(place, key, value);
  const { cert, public: key } = data;
  if (cert === undefined || key === undefined) return;
  const certified = parseCertificates(cert).map(({ publicKey }) => fingerprint(publicKey));
  const published = fingerprint(parsePublicKey(key));
  if (certified.includes(published)) return;
  throw new JobError(
    'contradiction',
    `${place} key public is ${published}, but key cert is for ${certified.join(', ')}`,
    { hint: 'it was not copied; find out which of the two the service uses' },
  );
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
  throw new JobError(
    'contradiction',
    `${copy} key ${key} is ${found}, but ${source} has ${wanted}`,
    { hint: 'the copy stays; if clients should trust the new one, run with --replace' },
  );
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

/** A value's fingerprint: SHA-256 of the public key, or of each certificate. */
export function identify(place: string, key: string, value: Uint8Array): string {
  return at(`${place} key ${key}`, () =>
    key === 'public'
      ? fingerprint(parsePublicKey(value))
      : parseCertificates(value)
          .map(({ fingerprint256 }) => fingerprint256)
          .join(', '),
  );
}
