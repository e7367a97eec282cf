import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { StoredObject } from './history.ts';
import { repositoryFaults } from './tuf-pairs.ts';

export type Values = Readonly<Record<string, string>>;

/** The data of a record by the first word of its namespace, as latin1 text, which holds any bytes. */
export type Records = (namespace: string, name: string) => Values | undefined;

type Rule = readonly [what: string, holds: (records: Records) => boolean];

// A record that is not there, or not filled yet, is no fault: a rule holds then.
const rules: readonly Rule[] = [
  [
    'Rekor’s public key is not its private key’s',
    (records) => {
      const [secret, published] = [records('rekor', 'rekor-signing-secret'), rekor(records)];
      if (!secret?.['signing-secret'] || !published?.public) return true;
      const key = opened(secret['signing-secret'], secret['signing-secret-password']);
      return key.equals(createPublicKey(published.public));
    },
  ],
  [
    'Fulcio’s certificate is not its private key’s',
    (records) => {
      const secret = records('fulcio', 'fulcio-secrets');
      if (!secret?.private) return true;
      return opened(secret.private, secret.password).equals(certified(secret.cert));
    },
  ],
  [
    'Fulcio’s two Secrets differ',
    (records) => same(records('fulcio', 'fulcio-secrets'), fulcio(records), ['cert', 'public']),
  ],
  [
    'the CT log’s public key is not its private key’s',
    (records) => {
      const secret = records('ctlog', 'ctlog-secrets');
      if (!secret?.private) return true;
      const password = /password: *"([^"]+)"/.exec(secret.config ?? '')?.[1];
      return opened(secret.private, password).equals(createPublicKey(secret.public ?? ''));
    },
  ],
  [
    'the CT log’s reserved key is not the published one',
    (records) => {
      const [key, published] = [records('ctlog', 'ctlog-key'), ctlog(records)];
      if (!key?.private || !published?.public) return true;
      return opened(key.private, key.password).equals(createPublicKey(published.public));
    },
  ],
  [
    'the CT log’s two Secrets differ',
    (records) => same(records('ctlog', 'ctlog-secrets'), ctlog(records), ['public']),
  ],
  [
    'the CT log does not accept Fulcio’s root',
    (records) => {
      const [secret, root] = [records('ctlog', 'ctlog-secrets'), fulcio(records)];
      if (!secret?.rootca || !root?.cert) return true;
      return secret.rootca.includes(root.cert.trim());
    },
  ],
  [
    'the CT log’s tree is not the recorded one',
    (records) => {
      const { config } = records('ctlog', 'ctlog-secrets') ?? {};
      if (!config) return true;
      const id = records('ctlog', 'ctlog-config')?.treeID;
      return new RegExp(`log_id: *${id}\\b`).test(config);
    },
  ],
  [
    'the TSA’s certificate is not its key’s',
    (records) => {
      const secret = tsa(records);
      if (!secret?.['signing-secret']) return true;
      const key = opened(secret['signing-secret'], secret['signing-secret-password']);
      return key.equals(certified(secret['cert-chain']));
    },
  ],
  [
    'the database’s credentials differ from their copy',
    (records) =>
      same(records('trillian', 'trillian-mysql'), records('rekor', 'trillian-mysql'), [
        'user',
        'password',
        'database',
      ]),
  ],
  ['a copy is not its source: Rekor', (records) => copied(records, 'rekor-pub-key', rekor)],
  ['a copy is not its source: Fulcio', (records) => copied(records, 'fulcio-pub-key', fulcio)],
  ['a copy is not its source: CT log', (records) => copied(records, 'ctlog-public-key', ctlog)],
  ['a copy is not its source: TSA', (records) => copied(records, 'tsa-cert-chain', tsa)],
];

const rekor = (records: Records) => records('rekor', 'rekor-pub-key');
const fulcio = (records: Records) => records('fulcio', 'fulcio-pub-key');
const ctlog = (records: Records) => records('ctlog', 'ctlog-public-key');
const tsa = (records: Records) => records('tsa', 'tsa-cert-chain');

/**
 * What does not belong together among the objects of one stack: judged by OpenSSL (node:crypto) and
 * TUF's models, not by the readers of the Jobs.
 */
export function pairFaults(objects: readonly StoredObject[]): string[] {
  const records: Records = (namespace, name) => {
    const found = objects.find(
      ({ metadata }) => metadata.name === name && metadata.namespace.startsWith(`${namespace}-`),
    );
    return found && decoded(found);
  };
  const broken = rules.flatMap(([what, holds]) => {
    try {
      return holds(records) ? [] : [what];
    } catch (error) {
      return [`${what}: ${(error as Error).message}`];
    }
  });
  return [...broken, ...repositoryFaults(records)];
}

/** Whether a key that is reserved (in base64, by key) is that of the log among these objects. */
export function isOfTheLog(reserved: Values, objects: readonly StoredObject[]): boolean {
  const log = objects.find(({ metadata }) => metadata.name === 'ctlog-secrets');
  const { public: key } = log ? decoded(log) : {};
  const text = (value = '') => Buffer.from(value, 'base64').toString('latin1');
  return (
    key !== undefined &&
    opened(text(reserved.private), text(reserved.password)).equals(createPublicKey(key))
  );
}

function same(a: Values | undefined, b: Values | undefined, keys: readonly string[]): boolean {
  return keys.every((key) => !a?.[key] || !b?.[key] || a[key] === b[key]);
}

function copied(records: Records, name: string, source: (records: Records) => Values | undefined) {
  return same(records('tuf', name), source(records), ['cert', 'public', 'cert-chain']);
}

function decoded({ kind, data = {}, binaryData = {} }: StoredObject): Values {
  const from = (encoding: BufferEncoding, entries: Values) =>
    Object.entries(entries).map(([key, value]) => [
      key,
      Buffer.from(value, encoding).toString('latin1'),
    ]);
  return Object.fromEntries([
    ...from(kind === 'Secret' ? 'base64' : 'utf8', data),
    ...from('base64', binaryData),
  ]);
}

function opened(pem: string, passphrase = ''): KeyObject {
  return createPublicKey(createPrivateKey({ key: pem, passphrase }));
}

function certified(chain: string | undefined): KeyObject {
  return new X509Certificate(chain ?? '').publicKey;
}
