import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Snapshot } from '@sigstand/store/store';
import { contents, type Ended, names, type Subset, type Whole, type World } from './stack.ts';

/*
 * What a restore may come to, said without the Jobs' own code: by bytes, by node:crypto, and by the words of
 * the last line.
 */

/** A service's key: where its private half is, and where its public half is published. */
const keys = [
  {
    target: 'rekor.pub',
    secret: ['Secret rekor-system/rekor-signing-secret', 'signing-secret'],
    published: [
      ['Secret rekor-system/rekor-pub-key', 'public'],
      ['Secret tuf-system/rekor-pub-key', 'public'],
    ],
  },
  {
    target: 'fulcio_v1.crt.pem',
    secret: ['Secret fulcio-system/fulcio-secrets', 'private'],
    published: [
      ['Secret fulcio-system/fulcio-pub-key', 'public'],
      ['Secret tuf-system/fulcio-pub-key', 'public'],
    ],
  },
  {
    target: 'ctfe.pub',
    secret: ['Secret ctlog-system/ctlog-secrets', 'private'],
    published: [
      ['Secret ctlog-system/ctlog-public-key', 'public'],
      ['Secret tuf-system/ctlog-public-key', 'public'],
    ],
  },
  {
    target: 'tsa_leaf.crt.pem',
    secret: ['Secret tsa-system/tsa-cert-chain', 'signing-secret'],
    published: [
      ['Secret tsa-system/tsa-cert-chain', 'cert-chain'],
      ['Secret tuf-system/tsa-cert-chain', 'cert-chain'],
    ],
  },
] as const;

const logs = [
  ['ConfigMap rekor-system/rekor-config', 'rekortree'],
  ['ConfigMap ctlog-system/ctlog-config', 'ctlogtree'],
] as const;

const tuf = {
  keys: 'Secret tuf-system/tuf-keys',
  repository: 'ConfigMap tuf-system/tuf-repository',
  root: 'Secret tuf-system/tuf-root',
};

type Records = ReadonlyMap<string, Snapshot>;

/** What is wrong with what a subset came to; empty where nothing is. */
export async function wrongs(
  whole: Whole,
  subset: Subset,
  { world, ended }: { world: World; ended: readonly Ended[] },
): Promise<string[]> {
  const after = await contents(world.store);
  return [
    ...secondTrees(whole, subset, world),
    ...otherRoots(whole, subset, after),
    ...secondKeys(whole, subset, after),
    ...lost(whole, subset, after),
    ...ended.flatMap((one) => wrongAdvice(subset, after, one)),
    ...(ended.length > 1 && ended.every(({ status }) => status === 0)
      ? inconsistent(after, world)
      : []),
  ];
}

function secondTrees({ trees }: Whole, { database }: Subset, { trillian }: World): string[] {
  const before = database ? [...trees.keys()] : [];
  const live = trillian.live();
  return logs.flatMap(([, name]) => {
    const named = live.filter(({ displayName }) => displayName === name);
    const isNew = named.some(({ id }) => !before.includes(id));
    return database && isNew ? [`a second tree named ${name} beside one with entries`] : [];
  });
}

function otherRoots(whole: Whole, { kept }: Subset, after: Records): string[] {
  if (!Object.values(tuf).some((name) => kept.has(name))) return [];
  const first = whole.records.get(tuf.root)?.data.root;
  const packed = after.get(tuf.root)?.data.repository;
  const found = [
    after.get(tuf.repository)?.data['1.root.json'],
    after.get(tuf.root)?.data.root,
  ].filter((bytes) => bytes !== undefined);
  const others = found.some((bytes) => !same(bytes, first));
  const inArchive = packed && first && gunzipSync(packed).includes(Buffer.from(first));
  return others || (packed && !inArchive) ? ['another first root'] : [];
}

function secondKeys(whole: Whole, { kept }: Subset, after: Records): string[] {
  return keys.flatMap(({ target, secret, published }) => {
    const known = published.some(([name]) => kept.has(name)) || kept.has(tuf.repository);
    return [secret, ...published].flatMap(([name, key]) => {
      const now = after.get(name)?.data[key];
      const isOther = now !== undefined && !same(now, whole.records.get(name)?.data[key]);
      return known && isOther ? [`a second key for ${target} in ${name}`] : [];
    });
  });
}

/** What the subset had and has no more, but for what is signed again. */
function lost(whole: Whole, { kept }: Subset, after: Records): string[] {
  const signedAgain = (name: string, key: string) =>
    (name === tuf.repository && !key.endsWith('.root.json')) ||
    (name === tuf.root && key === 'repository');
  return [...kept].flatMap((name) =>
    Object.entries(whole.records.get(name)?.data ?? {})
      .filter(([key, bytes]) => {
        const now = after.get(name)?.data[key];
        // Roots of Fulcio are added to those that a log takes.
        return !signedAgain(name, key) && !same(key === 'rootca' ? begin(now, bytes) : now, bytes);
      })
      .map(([key]) => `${name} key ${key} is not what it was`),
  );
}

const object = /(?:Secret|ConfigMap) [a-z]+-system\/[a-z-]+/g;

/** Whether a Job ends as it may, and tells of what is really missing. */
function wrongAdvice({ kept, database }: Subset, after: Records, ended: Ended): string[] {
  const { title, status, said } = ended;
  const wrong = (why: string) => [`${title} ended with ${status}, ${why}: ${said}`];
  if (status === 0) return [];
  const named = said.match(object) ?? [];
  if (status === 69) {
    return named.some((name) => !after.has(name)) ? [] : wrong('and names nothing that is missing');
  }
  if (status !== 78) return wrong('which is none of 0, 69, 78');
  const missing = names.filter((name) => !kept.has(name));
  const isNamed =
    named.some((name) => missing.includes(name)) || (!database && /Trillian/.test(said));
  if (!isNamed) return wrong('and names nothing that was lost');
  if (!/restore|put its ID back/.test(said)) return wrong('and does not say how to restore it');
  const there = [...said.matchAll(/restore ((?:Secret|ConfigMap) [a-z]+-system\/[a-z-]+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => kept.has(name));
  return there.length > 0 ? wrong(`and would restore ${there}, which is there`) : [];
}

/** What of a stack whose Jobs all ended with 0 does not belong together. */
function inconsistent(after: Records, { trillian }: World): string[] {
  // It is empty once the log has its key.
  const needed = names.filter((name) => name !== 'Secret ctlog-system/ctlog-key');
  const missing = needed.filter((name) => !after.has(name));
  const config = text(after, 'Secret ctlog-system/ctlog-secrets', 'config');
  const id = text(after, 'ConfigMap ctlog-system/ctlog-config', 'treeID');
  return [
    ...missing.map((name) => `${name} is missing after all Jobs ended with 0`),
    ...keys.flatMap((one) => unmatched(after, one)),
    ...logs.flatMap(([record, name]) => {
      const tree = trillian.live().find((one) => one.id === text(after, record, 'treeID'));
      return tree?.displayName === name ? [] : [`${record} names no live tree ${name}`];
    }),
    ...(config.includes(`log_id: ${id}`) ? [] : ['the CT log is configured for another tree']),
  ];
}

/** Public halves of a key that are another one's, or that clients do not get. */
function unmatched(after: Records, { target, secret, published }: (typeof keys)[number]): string[] {
  const [name, key] = secret;
  const id = publicId(after.get(name)?.data, key);
  const files = Object.keys(after.get(tuf.repository)?.data ?? {});
  const isOther = ([place, part]: (typeof published)[number]) =>
    idOf(after.get(place)?.data[part] ?? new Uint8Array()) !== id;
  return [
    ...published.filter(isOther).map(([place]) => `${place} is not of ${name}`),
    ...(files.some((file) => file.endsWith(`.${target}`)) ? [] : [`clients get no ${target}`]),
  ];
}

function text(after: Records, name: string, key: string): string {
  return Buffer.from(after.get(name)?.data[key] ?? []).toString();
}

function publicId(data: Snapshot['data'] | undefined, key: string): string {
  const pem = Buffer.from(data?.[key] ?? []);
  const config = Buffer.from(data?.config ?? []).toString();
  const sealed = data?.password ?? data?.['signing-secret-password'];
  const passphrase = sealed
    ? Buffer.from(sealed).toString()
    : /password: "([^"]*)"/.exec(config)?.[1];
  const privateKey = createPrivateKey({ key: pem, ...(passphrase && { passphrase }) });
  return spki(createPublicKey(privateKey));
}

/** A public key, or that of a chain's first certificate. */
function idOf(bytes: Uint8Array): string {
  const pem = Buffer.from(bytes);
  return spki(
    pem.includes('CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem),
  );
}

function spki(key: ReturnType<typeof createPublicKey>): string {
  return key.export({ type: 'spki', format: 'der' }).toString('hex');
}

function begin(now: Uint8Array | undefined, { length }: Uint8Array): Uint8Array | undefined {
  return now?.subarray(0, length);
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
