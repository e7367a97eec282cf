import type { Contract, JobName } from '@sigstand/contracts/contract';
import {
  copies,
  ctlogKey,
  ctlogPublicKey,
  ctlogSecrets,
  fulcioPublicKey,
  fulcioSecrets,
  rekorPublicKey,
  rekorSigningSecret,
  tsaCertChain,
} from '@sigstand/contracts/records';
import type { System } from '../names.ts';

/** A key that clients trust, and all that has it. */
export interface Kind {
  readonly name: KindName;
  /** What it is called in a sentence. */
  readonly title: string;
  readonly system: System;
  /** The Job that makes it, whose settings a new one is made by. */
  readonly job: JobName;
  /** The record of the private key. */
  readonly secret: Contract;
  /** What of it belongs to the key; the rest of the record stays. */
  readonly keys: readonly string[];
  /** Those by which one key is told from another. */
  readonly proof: readonly string[];
  /** The record of the public half, where that is another one. */
  readonly published?: Contract;
  /** Records of the Job that it must not find when it makes a new key. */
  readonly hidden: readonly Contract[];
  readonly copy: Contract;
  /** The key, in the public record and in the copy, that tells which key it is. */
  readonly tells: string;
  /** The Deployment and Service of what signs with it. */
  readonly server: string;
  /** How long what was begun with the old key may be signed after it: a certificate of Fulcio lives ten minutes. */
  readonly linger: number;
}

export const kindNames = ['fulcio', 'tsa', 'ctlog', 'rekor'] as const;
export type KindName = (typeof kindNames)[number];

export const kinds: Readonly<Record<KindName, Kind>> = {
  fulcio: {
    name: 'fulcio',
    title: "Fulcio's CA",
    system: 'fulcio',
    job: 'createcerts',
    secret: fulcioSecrets,
    keys: fulcioSecrets.keys,
    proof: fulcioSecrets.keys,
    published: fulcioPublicKey,
    hidden: [fulcioSecrets, fulcioPublicKey],
    copy: copies.fulcio,
    tells: 'cert',
    server: 'fulcio',
    linger: 600_000,
  },
  tsa: {
    name: 'tsa',
    title: 'the timestamp authority',
    system: 'tsa',
    job: 'createcertchain',
    secret: tsaCertChain,
    keys: tsaCertChain.keys,
    proof: tsaCertChain.keys,
    hidden: [tsaCertChain],
    copy: copies.tsa,
    tells: 'cert-chain',
    server: 'tsa',
    linger: 0,
  },
  ctlog: {
    name: 'ctlog',
    title: "the CT log's key",
    system: 'ctlog',
    job: 'createctconfig',
    secret: ctlogSecrets,
    // The roots that it accepts stay, and so are no part of the key.
    keys: ['private', 'public', 'config'],
    proof: ['private', 'public'],
    published: ctlogPublicKey,
    hidden: [ctlogSecrets, ctlogPublicKey, ctlogKey],
    copy: copies.ctlog,
    tells: 'public',
    server: 'ctlog',
    linger: 0,
  },
  rekor: {
    name: 'rekor',
    title: "Rekor's key",
    system: 'rekor',
    job: 'createsecret',
    secret: rekorSigningSecret,
    keys: rekorSigningSecret.keys,
    proof: rekorSigningSecret.keys,
    published: rekorPublicKey,
    hidden: [rekorSigningSecret, rekorPublicKey],
    copy: copies.rekor,
    tells: 'public',
    server: 'rekor',
    linger: 0,
  },
};
