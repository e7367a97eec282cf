import { createHash, X509Certificate } from 'node:crypto';
import { mysqlCredentials } from '@sigstand/contracts/records';
import { at, JobError } from '@sigstand/job/errors';
import { orderChain, parseCertificates } from '@sigstand/pki/chain';
import { createdNote } from '@sigstand/pki/created';
import { fingerprint, parsePublicKey } from '@sigstand/pki/keys';
import { clockSkew } from '@sigstand/pki/validity';
import {
  type Change,
  type Data,
  type Ref,
  type Snapshot,
  secretIn,
  show,
} from '@sigstand/store/store';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type Naming, namespaceOf } from '../names.ts';
import { type Kind, kinds } from './kinds.ts';
import type { Begun, Observed } from './next.ts';

/** A key that was made, and the records that it is for. */
export interface Made {
  readonly secret: Ref;
  readonly published: Ref | undefined;
  /** The private record's values. */
  readonly private: Data;
  /** The public values, as the copy has them. */
  readonly public: Data;
  /** When it was made, where its format has no date. */
  readonly created: string | undefined;
}

/** A rotation under way, as it is kept beside the key that it replaces. */
export interface Record extends Made, Begun {
  /** The old private values; empty until they are kept. */
  readonly old: Data;
  /** When the log of before was first served as it is for good. */
  readonly closed: Date | undefined;
}

const note = (name: string) => `sigstand.dev/rotation-${name}`;

/** Where a rotation under way is kept. */
export function recordOf({ secret }: Kind, namespace: string): Ref {
  return secretIn(namespace, `${secret.name}-next`);
}

/** Where a new password of the database is kept, until it has taken the place of the old one. */
export function databaseRecord(naming: Naming): Ref {
  return secretIn(namespaceOf(naming, 'trillian'), `${mysqlCredentials.name}-next`);
}

/** Where rotations of a stack are kept, as long as they are under way. */
export function rotationRecords(naming: Naming): Ref[] {
  const keys = Object.values(kinds).map((kind) => recordOf(kind, namespaceOf(naming, kind.system)));
  return [...keys, databaseRecord(naming)];
}

/** What keeps a rotation that begins. */
export function beginning(
  made: Made,
  { from, to, trees }: Pick<Begun, 'from' | 'to' | 'trees'>,
): Change {
  return {
    data: { ...named('new', made.private), ...named('public', made.public) },
    annotations: {
      [note('from')]: from,
      [note('to')]: to,
      [note('secret')]: made.secret.name,
      [note('public')]: made.published?.name ?? '',
      ...(made.created && { [createdNote]: made.created }),
      ...(trees && { [note('trees')]: `${trees.from} ${trees.to}` }),
    },
  };
}

/** What keeps the old private values. */
export function keeping(old: Data): Change {
  return { data: named('old', old) };
}

/** What keeps a time. */
export function noting(what: 'announced' | 'restarted' | 'closed', time: Date): Change {
  return { annotations: { [note(what)]: time.toISOString() } };
}

/** @throws {JobError} contradiction, where the record is not one of a rotation. */
export function readRecord(kind: Kind, ref: Ref, { data, annotations }: Snapshot): Record {
  const told = (what: string) => annotations[note(what)] ?? '';
  const time = (what: string) => (told(what) ? new Date(told(what)) : undefined);
  const fresh = part(data, 'public');
  const [from, to, name] = [told('from'), told('to'), told('secret')];
  const whole = kind.keys.every((key) => data[`new.${key}`]?.length);
  if (from === '' || name === '' || !whole || keyIn(kind, show(ref), fresh) !== to) {
    throw new JobError('contradiction', `${show(ref)} is not the record of a rotation`, {
      hint: 'nothing was changed; it may be a part of one: see what is in it, and delete it if no service has its key',
    });
  }
  const old = part(data, 'old');
  const [, before, after] = /^(\d{1,19}) (\d{1,19})$/.exec(told('trees')) ?? [];
  return {
    ...{ from, to, old, announced: time('announced'), restarted: time('restarted') },
    ...{ trees: before && after ? { from: before, to: after } : undefined, closed: time('closed') },
    keeps: kind.keys.every((key) => old[key]?.length),
    secret: secretIn(ref.namespace, name),
    published: told('public') ? secretIn(ref.namespace, told('public')) : undefined,
    private: part(data, 'new'),
    public: fresh,
    created: annotations[createdNote],
  };
}

/** The key of public values, by the SHA-256 of it; of a chain, that of the certificate that signs. */
export function keyIn({ tells }: Kind, place: string, data: Data): string {
  const value = data[tells] ?? new Uint8Array();
  return at(`${place} key ${tells}`, () => {
    if (tells === 'public') return fingerprint(parsePublicKey(value));
    const { leaf, intermediates, root } = orderChain(parseCertificates(value));
    return fingerprint((leaf ?? intermediates[0] ?? root).publicKey);
  });
}

/** Which keys of a kind clients trust, by trusted_root.json. An end was set by another clock, which may be ahead of this one. */
export function trustedIn({ name }: Kind, document: Uint8Array, now: Date): Observed['trusted'] {
  const root = TrustedRoot.fromJSON(JSON.parse(Buffer.from(document).toString()));
  const logs = { rekor: root.tlogs, ctlog: root.ctlogs };
  const chains = { fulcio: root.certificateAuthorities, tsa: root.timestampAuthorities };
  const entries =
    name === 'rekor' || name === 'ctlog'
      ? logs[name].map(({ publicKey }) => ({
          key: createHash('sha256')
            .update(publicKey?.rawBytes ?? '')
            .digest('hex'),
          end: publicKey?.validFor?.end,
        }))
      : chains[name].map(({ certChain, validFor }) => ({
          key: signer(certChain?.certificates[0]?.rawBytes),
          end: validFor?.end,
        }));
  const trusted: { [key: string]: 'open' | 'ended' } = {};
  const latest = new Date(now.getTime() + clockSkew);
  for (const { key, end } of entries) {
    if (trusted[key] !== 'open')
      trusted[key] = end === undefined || end > latest ? 'open' : 'ended';
  }
  return trusted;
}

function signer(raw: Uint8Array | undefined): string {
  return raw ? fingerprint(new X509Certificate(raw).publicKey) : '';
}

/** Whether a record has all of some values. */
export function has(data: Data, values: Data): boolean {
  return Object.entries(values).every(
    ([key, value]) => Buffer.compare(data[key] ?? new Uint8Array(), value) === 0,
  );
}

/** Those values of a record that have some names. */
export function picked(data: Data, keys: readonly string[]): Data {
  const entries = keys.flatMap((key) => (data[key] ? [[key, data[key]] as const] : []));
  return Object.fromEntries(entries);
}

function named(prefix: string, data: Data): Data {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [`${prefix}.${key}`, value]),
  );
}

function part(data: Data, prefix: string): Data {
  return Object.fromEntries(
    Object.entries(data)
      .filter(([key]) => key.startsWith(`${prefix}.`))
      .map(([key, value]) => [key.slice(prefix.length + 1), value]),
  );
}
