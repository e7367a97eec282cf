import { type KeyObject, sign, X509Certificate } from 'node:crypto';
import { ctlogConfig, ctlogSecrets, fulcioPublicKey } from '@sigstand/contracts/records';
import { runJob } from '@sigstand/job/testing';
import { caExtensions, type Foreign, opensslCertificate } from '@sigstand/pki/testing';
import { memoryStore } from '@sigstand/store/memory';
import type { Data, Ref, Store } from '@sigstand/store/store';
import { expect } from 'vitest';
import type { Fulcio } from './fulcio.ts';
import { createCtConfig } from './job.ts';
import { headBytes, type SignedTreeHead } from './tree-head.ts';

export const text = (value: string) => new Uint8Array(Buffer.from(value));
export const concat = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

const authority = (name: string, issuer?: Foreign) =>
  opensslCertificate({
    subject: `/CN=${name}`,
    extensions: caExtensions,
    ...(issuer && { issuer }),
  });

export const old = authority('old');
const below = authority('below', old);
const end = opensslCertificate({
  subject: '/CN=end',
  extensions: ['basicConstraints=critical,CA:FALSE'],
  issuer: old,
});
export const [oldRoot, newRoot, intermediate, leaf] = [old, authority('new'), below, end].map(
  ({ certificate }) => new Uint8Array(certificate),
) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

export const treeID = '6650004838055700742';

/** A store with what the Job waits for. */
export async function inputs({ tree = treeID, cert = oldRoot as Uint8Array | null } = {}) {
  const store = memoryStore();
  await store.write(ctlogConfig, { data: { treeID: text(tree) } });
  if (cert) await store.write(fulcioPublicKey, { data: { cert } });
  return store;
}

export const run = (store: Store, args: string[] = [], fulcio?: Fulcio) =>
  runJob(createCtConfig(fulcio ? { fulcio } : {}), store, { args });

export async function read(store: Store, ref: Ref = ctlogSecrets): Promise<Data> {
  return (await store.read(ref))?.data ?? {};
}

/** The store with its CT log's Secret changed by hand; undefined takes a key away. */
export async function tampered(from: Store, changes: Record<string, Uint8Array | undefined>) {
  const store = await inputs();
  const kept = Object.entries({ ...(await read(from)), ...changes }).filter(([, value]) => value);
  await store.write(ctlogSecrets, { data: Object.fromEntries(kept) as Data });
  return store;
}

/** The store after a first run. */
export async function made(args: string[] = []): Promise<Store> {
  const store = await inputs();
  expect(await run(store, args)).toMatchObject({ status: 0 });
  return store;
}

export const rootsIn = (bundle: Uint8Array) =>
  Buffer.from(bundle)
    .toString()
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter(Boolean)
    .map((pem) => new X509Certificate(pem).subject);

export const serving = (...chains: Uint8Array[]): Fulcio => ({ chains: async () => chains });

/** The head of a tree as its log signs it. */
export function signedHead(
  key: KeyObject,
  { size, timestamp, root = new Uint8Array(32) }: Partial<SignedTreeHead> & HeadTold,
): SignedTreeHead {
  const made = sign('sha256', headBytes({ size, timestamp, root }), key);
  const lead = Buffer.from([4, key.asymmetricKeyType === 'rsa' ? 1 : 3, 0, 0]);
  lead.writeUInt16BE(made.length, 2);
  return { size, timestamp, root, signature: new Uint8Array(Buffer.concat([lead, made])) };
}

type HeadTold = Pick<SignedTreeHead, 'size' | 'timestamp'>;
