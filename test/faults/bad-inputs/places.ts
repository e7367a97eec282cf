import {
  copies,
  ctlogConfig,
  ctlogPublicKey,
  fulcioPublicKey,
  rekorPublicKey,
  rekorSigningSecret,
  tsaCertChain,
} from '@sigstand/contracts/records';
import { copySecrets } from '@sigstand/copysecrets/job';
import { createCtConfig } from '@sigstand/createctconfig/job';
import { createSecret } from '@sigstand/createsecret/job';
import { createTuf } from '@sigstand/createtuf/job';
import { publicKeyOf, publicPem } from '@sigstand/pki/keys';
import { utf8 } from '@sigstand/pki/pem';
import { type Data, type Ref, show } from '@sigstand/store/store';
import { issue, now, password, sealed, text, tsaChain } from './material.ts';
import type { Trial } from './refused.ts';

/* Where something public arrives: which Job reads it, from which object and key, and all else it needs. */

export interface Place {
  readonly name: string;
  /** What an error must name. */
  readonly place: string;
  readonly trial: (bytes: Uint8Array) => Trial;
}

export const ca = await issue('Fulcio');
export const other = await issue('Fulcio');
export const tsa = await tsaChain(1);
const rekor = await issue('rekor');
const key = publicPem(publicKeyOf(rekor.privateKey));

const ofFulcio: readonly [Ref, Data] = [
  fulcioPublicKey,
  { cert: text(ca), public: publicPem(publicKeyOf(ca.privateKey)) },
];
export const sources: readonly (readonly [Ref, Data])[] = [
  ofFulcio,
  [ctlogPublicKey, { public: key }],
  [rekorPublicKey, { public: key }],
  [tsaCertChain, { 'cert-chain': text(...tsa) }],
];
export const copied: readonly (readonly [Ref, Data])[] = [
  [copies.fulcio, { cert: text(ca) }],
  [copies.ctlog, { public: key }],
  [copies.rekor, { public: key }],
  [copies.tsa, { 'cert-chain': text(...tsa) }],
];
const tree: readonly [Ref, Data] = [ctlogConfig, { treeID: utf8('5') }];

/** The records with another value under one key, or with other data. */
export function withData(all: readonly (readonly [Ref, Data])[], ref: Ref, data: Data) {
  return all.map(([one, now]) => [one, show(one) === show(ref) ? data : now] as const);
}

function oneKey(
  job: Trial['job'],
  all: readonly (readonly [Ref, Data])[],
  ref: Ref,
  name: string,
): Place {
  return {
    name: `${job().command.name()}, ${show(ref)} key ${name}`,
    place: `${show(ref)} key ${name}`,
    trial: (bytes) => ({ job, now, records: withData(all, ref, { [name]: bytes }) }),
  };
}

/** copysecrets waits for both keys of Fulcio's record. */
const fulcioSource: Place = {
  name: 'copysecrets, Secret fulcio-system/fulcio-pub-key key cert',
  place: 'Secret fulcio-system/fulcio-pub-key key cert',
  trial: (bytes) => ({
    job: copySecrets,
    now,
    records: withData(sources, fulcioPublicKey, {
      cert: bytes,
      public: publicPem(publicKeyOf(ca.privateKey)),
    }),
  }),
};
const fulcioOverHttp: Place = {
  name: 'createctconfig, what Fulcio answers over HTTP',
  place: 'http://fulcio.test',
  trial: (bytes) => ({
    job: () => createCtConfig({ fulcio: { chains: async () => [bytes] } }),
    args: ['--fulcio-url=http://fulcio.test', '--fulcio-secret=none'],
    now,
    records: [tree],
  }),
};
export const fulcioPlaces: readonly Place[] = [
  fulcioSource,
  oneKey(createTuf, copied, copies.fulcio, 'cert'),
  oneKey(createCtConfig, [tree, ofFulcio], fulcioPublicKey, 'cert'),
  fulcioOverHttp,
];

export const tsaPlaces: readonly Place[] = [
  oneKey(copySecrets, sources, tsaCertChain, 'cert-chain'),
  oneKey(createTuf, copied, copies.tsa, 'cert-chain'),
];

const signing: readonly [Ref, Data] = [
  rekorSigningSecret,
  { 'signing-secret': sealed(rekor.privateKey), 'signing-secret-password': utf8(password) },
];
const withCert = (from: readonly (readonly [Ref, Data])[], ref: Ref, job: Trial['job']): Place => ({
  name: `${job().command.name()}, ${show(ref)} key public`,
  place: `${show(ref)} key public`,
  trial: (bytes) => ({ job, now, records: withData(from, ref, { cert: text(ca), public: bytes }) }),
});

export const ctlogKeyPlaces: readonly Place[] = [
  oneKey(copySecrets, sources, ctlogPublicKey, 'public'),
  oneKey(createTuf, copied, copies.ctlog, 'public'),
];
export const keyPlaces: readonly Place[] = [
  oneKey(copySecrets, sources, rekorPublicKey, 'public'),
  oneKey(createTuf, copied, copies.rekor, 'public'),
  withCert(sources, fulcioPublicKey, copySecrets),
  withCert(copied, copies.fulcio, createTuf),
  {
    name: 'createsecret, Secret rekor-system/rekor-pub-key key public',
    place: 'Secret rekor-system/rekor-pub-key key public',
    trial: (bytes) => ({
      job: createSecret,
      now,
      records: [signing, [rekorPublicKey, { public: bytes }]],
    }),
  },
  ...ctlogKeyPlaces,
];
