import type { KeyObject, X509Certificate } from 'node:crypto';
import { nextCreatedNote, splitNext } from '@sigstand/contracts/next';
import { type FrozenLog, oldLogsNote, readOldLogs } from '@sigstand/contracts/shards';
import { at, JobError } from '@sigstand/job/errors';
import { readHostName } from '@sigstand/job/host-name';
import {
  type Chain,
  orderChain,
  parseCertificates,
  refuseNoCodeSigning,
  refuseNoTimeStamping,
} from '@sigstand/pki/chain';
import { createdAt, createdNote } from '@sigstand/pki/created';
import { PkiError } from '@sigstand/pki/error';
import { fingerprint, parsePublicKey, refuseNoCtKey } from '@sigstand/pki/keys';
import type { Annotations, Data } from '@sigstand/store/store';
import { keyDetails } from './key-details.ts';

/** The public half of services. */
export interface Publics {
  readonly fulcio?: Chain;
  /** With the logs of before, in which nobody writes any more. */
  readonly ctlog?: LogKey & { readonly old?: readonly FrozenLog[] };
  /** With the name that it signs checkpoints with, where its record tells. */
  readonly rekor?: LogKey & { readonly hostname?: string };
  readonly tsa?: Chain & { readonly leaf: X509Certificate };
}

/** What clients are to trust from now on: the public half of each service that there is. */
export interface Material extends Publics {
  /** What services are about to sign with: trusted beside what they sign with now. */
  readonly next?: Publics;
}

export type Service = keyof Publics;

/** A log's key, and when it was made, where its record tells. */
export interface LogKey {
  readonly key: KeyObject;
  readonly created: Date | undefined;
}

/** A record as it was read, and its name for messages. */
export interface Source {
  readonly place: string;
  readonly data: Data;
  readonly annotations?: Annotations;
}

/** A record that holds a chain: in one PEM text, or in one file for each certificate. */
export interface ChainForm {
  /** The key of the one PEM text. */
  readonly whole: string;
  /** What the names of the separate files begin with. */
  readonly target: 'fulcio' | 'tsa';
  /** Other keys that may stand beside it. */
  readonly others: readonly string[];
}

export const fulcioForm: ChainForm = { whole: 'cert', target: 'fulcio', others: ['public'] };
export const tsaForm: ChainForm = { whole: 'cert-chain', target: 'tsa', others: [] };

const mostIntermediates = 10;

/** Whether a record has come as far as that a chain can be read from it. */
export function hasChain(data: Data | undefined, { whole, target }: ChainForm): boolean {
  const ends = target === 'tsa' ? ['root', 'leaf'] : ['root'];
  const there = (key: string) => (data?.[key]?.length ?? 0) > 0;
  return there(whole) || ends.every((part) => there(`${target}_${part}.crt.pem`));
}

/**
 * The material from the four records.
 *
 * @throws {JobError} data, naming record and key, for anything that is not what its name says.
 */
export function readMaterial(sources: Sources): Material {
  const split = Object.entries(sources).map(([service, { place, data, annotations = {} }]) => {
    const { present, next } = splitNext(data);
    const made = annotations[nextCreatedNote];
    const notes: Annotations = made ? { [createdNote]: made } : {};
    return {
      present: [service, { place, data: present, annotations }] as const,
      next:
        next &&
        ([service, { place: `the next key in ${place}`, data: next, annotations: notes }] as const),
    };
  });
  const next = readPublics(
    Object.fromEntries(split.flatMap((one) => (one.next ? [one.next] : []))),
  );
  const present = readPublics(Object.fromEntries(split.map((one) => one.present)));
  return Object.keys(next).length > 0 ? { ...present, next } : present;
}

type Sources = Readonly<Partial<Record<Service, Source>>>;

function readPublics({ fulcio, ctlog, rekor, tsa }: Sources): Publics {
  return {
    ...(fulcio && { fulcio: readFulcio(fulcio) }),
    ...(ctlog && { ctlog: readCtlog(ctlog) }),
    ...(rekor && { rekor: readRekor(rekor) }),
    ...(tsa && { tsa: readTsa(tsa) }),
  };
}

/** Every certificate that is in use. */
export function certificatesOf({ fulcio, tsa }: Pick<Publics, 'fulcio' | 'tsa'>) {
  return [fulcio, tsa].flatMap((chain) => (chain ? chainOf(chain) : []));
}

/** What clients are told of: what is in use, and what comes next. */
export function toldOf<S extends Service>({ next, ...present }: Material, service: S) {
  return [present[service], next?.[service]].filter((one) => one !== undefined);
}

/** When every certificate of a chain is valid: a client accepts signatures of these moments only. */
export function windowOf(chain: Chain): { start: Date; end: Date } {
  const start = Math.max(...chainOf(chain).map((one) => one.validFromDate.getTime()));
  const end = Math.min(...chainOf(chain).map((one) => one.validToDate.getTime()));
  if (start > end) throw new PkiError('has certificates that are never valid at the same time');
  return { start: new Date(start), end: new Date(end) };
}

/** A chain's certificates, leaf first and root last. */
export function chainOf({ leaf, intermediates, root }: Chain): X509Certificate[] {
  return [...(leaf ? [leaf] : []), ...intermediates, root];
}

function readCtlog(source: Source) {
  const old = readOldLogs(source.annotations?.[oldLogsNote]);
  return { ...readKey(source, refuseNoCtKey), ...(old.length > 0 && { old }) };
}

function readRekor({ place, data, annotations = {} }: Source) {
  const { hostname, ...rest } = data;
  const key = readKey({ place, data: rest, annotations });
  if (!hostname?.length) return key;
  return { ...key, hostname: readHostName(`${place} key hostname`, hostname) };
}

function readKey(source: Source, refuse = (_key: KeyObject) => {}): LogKey {
  const { place, data, annotations = {} } = source;
  const odd = Object.keys(data).find((key) => key !== 'public');
  if (odd !== undefined) throw unknownKey(place, odd);
  const key = at(`${place} key public`, () => {
    const key = parsePublicKey(data.public ?? new Uint8Array());
    keyDetails(key);
    refuse(key);
    return key;
  });
  return { key, created: at(place, () => createdAt(annotations)) };
}

function readFulcio(source: Source): Chain {
  const { place, data } = source;
  const chain = readChain(source, fulcioForm);
  if (chain.leaf) throw new JobError('data', `${place} has a certificate below Fulcio's CA`);
  at(place, () => refuseNoCodeSigning(chain));
  if (data.public === undefined) return chain;
  const key = at(`${place} key public`, () => parsePublicKey(data.public ?? new Uint8Array()));
  const certified = (chain.intermediates[0] ?? chain.root).publicKey;
  if (key.equals(certified)) return chain;
  throw new JobError(
    'contradiction',
    `${place} key public is ${fingerprint(key)}, but its certificate is for ${fingerprint(certified)}`,
  );
}

function readTsa(source: Source) {
  const { leaf, ...chain } = readChain(source, tsaForm);
  at(source.place, () => {
    if (leaf === undefined) throw new PkiError('has no certificate that signs timestamps');
    refuseNoTimeStamping({ ...chain, leaf });
  });
  return { ...chain, leaf: leaf as X509Certificate };
}

function readChain({ place, data }: Source, form: ChainForm): Chain {
  const keys = Object.keys(data).filter((key) => !form.others.includes(key));
  refuseGaps(place, keys, form);
  const certificates = keys.flatMap((key) =>
    at(`${place} key ${key}`, () => parseCertificates(data[key] ?? new Uint8Array())),
  );
  return at(place, () => {
    const chain = orderChain(certificates);
    windowOf(chain);
    return chain;
  });
}

/** An intermediate that did not come along would be missed only when somebody verifies. */
function refuseGaps(place: string, keys: readonly string[], { whole, target }: ChainForm): void {
  const name = new RegExp(`^${target}_(?:root|leaf|intermediate_(\\d{1,3}))\\.crt\\.pem$`);
  const numbers = keys
    .filter((key) => key !== whole)
    .flatMap((key) => {
      const match = name.exec(key);
      if (match === null) throw unknownKey(place, key);
      return match[1] === undefined ? [] : [Number(match[1])];
    })
    .sort((a, b) => a - b);
  const gap = numbers.findIndex((number, index) => number !== index);
  if (gap !== -1) {
    throw new JobError('data', `${place} has no key ${target}_intermediate_${gap}.crt.pem`);
  }
  if (numbers.length > mostIntermediates) {
    throw new JobError('data', `${place} has ${numbers.length} intermediates; at most 10 fit`);
  }
}

function unknownKey(place: string, key: string): JobError {
  return new JobError('data', `${place} has the key ${key}, which is not known here`, {
    hint: 'it may hold public keys and certificates only, under the names in the documentation',
  });
}
