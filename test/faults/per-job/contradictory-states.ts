import type { StoredObject } from '../history.ts';

/** Objects by their names. */
export type Objects = Readonly<Record<string, StoredObject>>;

export interface Case {
  readonly what: string;
  /** What is there before the Job runs, of what two clean runs left. */
  readonly put: (one: Objects, other: Objects) => readonly (StoredObject | undefined)[];
  readonly says: RegExp;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const key = '[0-9a-f]{64}';
const place = (namespace: string, name: string) => `Secret ${namespace}-contradict/${name}`;

/** The object with some keys changed, or taken out. */
export function changed(
  object: StoredObject | undefined,
  data: Record<string, string | undefined>,
) {
  const all = Object.entries({ ...object?.data, ...data });
  const left = all.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return object && { ...object, data: Object.fromEntries(left) };
}

/** The Secret that reserves a log's key, as it was before the log had it. */
function reserving(all: Objects) {
  const { private: sealed, config = '' } = all['ctlog-secrets']?.data ?? {};
  const text = Buffer.from(config, 'base64').toString();
  const password = /password: *"([^"]+)"/.exec(text)?.[1] ?? '';
  return changed(all['ctlog-key'], { private: sealed, password: base64(password) });
}

const signing = 'rekor-signing-secret';
/** By Job: states of the records that it writes, in which two things disagree. */
export const cases: Record<string, Case[]> = {
  'rekor-system/createsecret': [
    {
      what: 'a public Secret of another key',
      put: (one, other) => [one[signing], other['rekor-pub-key']],
      says: new RegExp(
        `${place('rekor', 'rekor-pub-key')} key public is ${key}, but ${place('rekor', signing)} gives ${key}`,
      ),
    },
    {
      what: 'a public Secret whose private one is gone',
      put: (one) => [one['rekor-pub-key']],
      says: new RegExp(
        `${place('rekor', 'rekor-pub-key')} is there, but the private key .* is not in ${place('rekor', signing)}`,
      ),
    },
    {
      what: 'a password that does not open the key',
      put: (one) => [changed(one[signing], { 'signing-secret-password': base64('hunter2') })],
      says: new RegExp(`${place('rekor', signing)} key signing-secret .*does not open`),
    },
  ],
  'fulcio-system/createcerts': [
    {
      what: 'the certificate of another key',
      put: (one, other) => [
        changed(one['fulcio-secrets'], { cert: other['fulcio-secrets']?.data?.cert }),
      ],
      says: new RegExp(
        `fulcio-secrets key cert is for the key ${key}, but the private key is ${key}`,
      ),
    },
    {
      what: 'a public Secret of another CA',
      put: (one, other) => [one['fulcio-secrets'], other['fulcio-pub-key']],
      says: /fulcio-pub-key key cert is [0-9A-F:]{95}, but Secret .*fulcio-secrets gives [0-9A-F:]{95}/,
    },
    {
      what: 'a password of another key',
      put: (one, other) => [
        changed(one['fulcio-secrets'], { password: other['fulcio-secrets']?.data?.password }),
      ],
      says: /fulcio-secrets key private .*does not open/,
    },
  ],
  'ctlog-system/createctconfig': [
    {
      what: 'the private key of another log',
      put: (one, other) => [
        changed(one['ctlog-secrets'], { private: other['ctlog-secrets']?.data?.private }),
      ],
      says: /ctlog-secrets key private .*does not open/,
    },
    {
      what: 'the public key of another log',
      put: (one, other) => [
        changed(one['ctlog-secrets'], { public: other['ctlog-secrets']?.data?.public }),
      ],
      says: new RegExp(`ctlog-secrets key public is for ${key}, but the private key gives ${key}`),
    },
    {
      what: 'no configuration, in which the password was',
      put: (one) => [changed(one['ctlog-secrets'], { config: undefined })],
      says: /ctlog-secrets has private but lacks config/,
    },
    {
      what: 'a reserved key that is not the published one',
      put: (one, other) => [reserving(one), other['ctlog-public-key']],
      says: new RegExp(
        `${place('ctlog', 'ctlog-public-key')} key public is ${key}, but ${place('ctlog', 'ctlog-key')} gives ${key}`,
      ),
    },
    {
      what: 'a reserved key that is not the log’s',
      put: (one, other) => [reserving(other), one['ctlog-secrets'], one['ctlog-public-key']],
      says: new RegExp(`${place('ctlog', 'ctlog-key')} has the key ${key}, but the log has ${key}`),
    },
    {
      what: 'a public Secret whose log is gone',
      put: (one) => [one['ctlog-key'], one['ctlog-public-key']],
      says: new RegExp(
        `${place('ctlog', 'ctlog-public-key')} is there, but the private key .* is not in ${place('ctlog', 'ctlog-secrets')}`,
      ),
    },
  ],
  'tsa-system/createcertchain': [
    {
      what: 'the chain of another run',
      put: (one, other) => [
        changed(one['tsa-cert-chain'], {
          'cert-chain': other['tsa-cert-chain']?.data?.['cert-chain'],
        }),
      ],
      says: new RegExp(
        `tsa-cert-chain key cert-chain is for the key ${key}, but the private key is ${key}`,
      ),
    },
    ...['cert-chain', 'signing-secret', 'signing-secret-password'].map((lost) => ({
      what: `no ${lost}`,
      put: (one: Objects) => [changed(one['tsa-cert-chain'], { [lost]: undefined })],
      says: new RegExp(`tsa-cert-chain has .* but lacks ${lost}`),
    })),
  ],
};

export const byName = (objects: readonly StoredObject[]): Objects =>
  Object.fromEntries(objects.map((object) => [object.metadata.name, object]));
