import { sign } from 'node:crypto';
import { copies, tufKeys, tufRepository, tufRoot } from '@sigstand/contracts/records';
import { createTuf } from '@sigstand/createtuf/job';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import type { Data } from '@sigstand/store/store';
import { canonicalize } from '@tufjs/canonical-json';
import fc from 'fast-check';
import { describe } from 'vitest';
import {
  fitToCopy,
  lackingInCopy,
  publicPart,
  refuseUseless,
} from '../../packages/copysecrets/src/copies.ts';
import { archivedState, sameArchive } from '../../packages/createtuf/src/archive.ts';
import { certificatesOf, readMaterial, windowOf } from '../../packages/createtuf/src/material.ts';
import { openRepository, publishedTargets } from '../../packages/createtuf/src/repository.ts';
import { type Role, readRoleKeys } from '../../packages/createtuf/src/role-keys.ts';
import { separateTargets } from '../../packages/createtuf/src/targets.ts';
import { trustedRoot } from '../../packages/createtuf/src/trusted-root.ts';
import { addresses } from './addresses.ts';
import { ended, survives, tellExecutions } from './executions.ts';
import { octets, pemTexts } from './mutations.ts';
import { chains, plainKeys, publicKeys } from './samples.ts';
import { Secrets } from './secrets.ts';
import { jsonTexts } from './texts.ts';

tellExecutions();
const { root, issuing, stamping, rootKey } = await chains();
const secrets = new Secrets(...plainKeys);

const maybe = <T>(value: T, other: fc.Arbitrary<T>) => fc.oneof(fc.constant(value), other);
const chainMutants = pemTexts([root, issuing, stamping]);
const keyMutants = pemTexts([...publicKeys, ...plainKeys]);
const partNames = [
  'root',
  'leaf',
  'intermediate_0',
  'intermediate_1',
  'intermediate_2',
  'intermediate_10',
];
const parts = (target: string) =>
  fc.dictionary(
    fc.constantFrom(...partNames.map((part) => `${target}_${part}.crt.pem`), 'x'),
    chainMutants,
    { maxKeys: 5 },
  );
const records = fc.record({
  fulcio: fc.oneof(
    fc.record({ cert: maybe(root, chainMutants) }),
    fc.record({ cert: maybe(root, chainMutants), public: maybe(publicKeys[0]!, keyMutants) }),
    parts('fulcio'),
  ),
  ctlog: fc.record({ public: maybe(publicKeys[1]!, keyMutants) }),
  rekor: fc.record({ public: maybe(publicKeys[0]!, keyMutants) }),
  tsa: fc.oneof(fc.record({ 'cert-chain': maybe(stamping, chainMutants) }), parts('tsa')),
}) as fc.Arbitrary<Record<'fulcio' | 'ctlog' | 'rekor' | 'tsa', Data>>;

describe('whatever is to be trusted,', () => {
  survives('the material is read or refused', { share: 6, secrets }, records, (all) => {
    const source = (input: keyof typeof all) => ({ place: `Secret x/${input}`, data: all[input] });
    const material = readMaterial({
      fulcio: source('fulcio'),
      ctlog: source('ctlog'),
      rekor: source('rekor'),
      tsa: source('tsa'),
    });
    certificatesOf(material);
    windowOf(material.fulcio!);
    trustedRoot(material, addresses);
    separateTargets(material, addresses);
  });

  const pair = fc.tuple(records, records);
  survives('a copy is made or refused', { share: 6, secrets }, pair, ([sources, there]) => {
    for (const input of ['fulcio', 'ctlog', 'rekor', 'tsa'] as const) {
      const found = publicPart(sources[input], copies[input].keys);
      if (found === undefined) continue;
      const data = fitToCopy('Secret a/b', found, input);
      const places = { source: 'Secret a/b', copy: 'Secret c/d' };
      const current = there[input];
      const change = lackingInCopy(places, data, { current, replace: true });
      refuseUseless('Secret a/b', change, { service: input, now: new Date() });
      lackingInCopy(places, data, { current, replace: false });
    }
  });
});

/** A repository that the Job has published, with its keys. */
const store = memoryStore();
await store.write(copies.fulcio, { data: { cert: root } });
await store.write(copies.ctlog, { data: { public: publicKeys[0]! } });
await store.write(copies.rekor, { data: { public: publicKeys[1]! } });
await store.write(copies.tsa, { data: { 'cert-chain': stamping } });
const made = await runJob(createTuf(), store);
if (made.status !== 0) throw new Error(made.stderr);
const files = (await store.read(tufRepository))!.data;
const keyData = (await store.read(tufKeys))!.data;
const given = (await store.read(tufRoot))!.data;
const keys = readRoleKeys('Secret tuf-system/tuf-keys', keyData);
const roleSecrets = new Secrets(...Object.values(keyData), ...plainKeys);

const metadata = ['1.root.json', '1.targets.json', '1.snapshot.json', 'timestamp.json'];
const roleOf = (name: string) => name.replace(/^\d+\.|\.json$/g, '') as Role;

/** Metadata that was changed, as it is or signed again by the role's own key. */
const fileMutants = fc.tuple(fc.constantFrom(...metadata), fc.boolean()).chain(([name, signed]) =>
  jsonTexts([files[name]!]).map((bytes) => ({
    name,
    bytes: signed ? signedAgain(name, bytes) : bytes,
  })),
);

function signedAgain(name: string, bytes: Uint8Array): Uint8Array {
  try {
    const document = JSON.parse(Buffer.from(bytes).toString());
    const sig = sign(null, Buffer.from(canonicalize(document.signed)), keys[roleOf(name)]!);
    document.signatures[0].sig = sig.toString('hex');
    return new Uint8Array(Buffer.from(JSON.stringify(document)));
  } catch {
    return bytes;
  }
}

const repositories = fc
  .tuple(fc.array(fileMutants, { minLength: 1, maxLength: 2 }), fc.nat(), fc.nat({ max: 9 }))
  .map(([mutants, which, how]) => {
    const changed: Record<string, Uint8Array> = { ...files };
    for (const { name, bytes } of mutants) {
      changed[name] = bytes;
      // The same root stands twice.
      if (name === '1.root.json' && how % 2 === 0) changed['root.json'] = bytes;
    }
    const names = Object.keys(changed);
    const name = names[which % names.length]!;
    if (how === 1) delete changed[name];
    if (how === 2) changed[name] = changed[names[(which >> 8) % names.length]!]!;
    if (how === 3)
      changed[
        `${which % 4}.${['root', 'snapshot', 'targets', 'timestamp'][(which >> 4) % 4]}.json`
      ] = changed[name]!;
    return changed as Data;
  });

describe('whatever is published,', () => {
  survives(
    'a repository is followed or refused',
    { share: 4, secrets: roleSecrets },
    repositories,
    (all) => publishedTargets(openRepository(all)),
  );

  survives(
    'the Job goes on from it or changes nothing',
    { share: 0.5, secrets: roleSecrets },
    repositories,
    async (all) => {
      const own = memoryStore();
      for (const ref of Object.values(copies)) await own.write(ref, (await store.read(ref))!);
      await own.write(tufKeys, { data: keyData });
      await own.write(tufRepository, { data: all });
      await own.write(tufRoot, { data: given });
      const { status, stderr } = await runJob(createTuf({ check: async () => {} }), own);
      const after = (await own.read(tufRepository))!;
      if (status !== 0 && after.version !== '6') throw new Error('it was changed');
      return ended({ status, stderr });
    },
  );

  survives(
    'an archive is read or made anew',
    { share: 6 },
    octets([given.repository!]),
    async (bytes) => {
      await archivedState(bytes);
      sameArchive(bytes, given.repository!);
    },
  );

  const roleKeys = fc.record({
    root: maybe(keyData.root!, pemTexts([...Object.values(keyData), ...plainKeys])),
    targets: maybe(keyData.targets!, pemTexts([...Object.values(keyData), ...plainKeys])),
    snapshot: maybe(keyData.snapshot!, keyMutants),
    timestamp: maybe(keyData.timestamp!, octets(Object.values(keyData))),
  });
  survives('role keys are read or refused', { share: 6, secrets: roleSecrets }, roleKeys, (data) =>
    readRoleKeys('Secret a/b', data),
  );
});

// The CA's own key signs nothing here; it is what must never be told.
if (rootKey.type !== 'private') throw new Error('the sample has no private key');
