import { type KeyObject, sign } from 'node:crypto';
import { tufKeys } from '@sigstand/contracts/records';
import { idOf, type RoleKeys, readRoleKeys } from '@sigstand/createtuf/role-keys';
import type { Data } from '@sigstand/store/store';
import { canonicalize } from '@tufjs/canonical-json';
import type { Served } from './client.ts';
import { type Scenario, simulate, statesOf } from './history.ts';
import {
  envelope,
  type Meta,
  newestRoot,
  type Root,
  sha256,
  snapshotOf,
  type Targets,
  targetsOf,
} from './metadata.ts';

/** A repository's history, and the keys that it is signed with at its end. */
export interface Stack {
  readonly states: readonly Served[];
  readonly keys: RoleKeys & { readonly root: KeyObject };
}

/** Runs a scenario, and takes the keys out of its store. */
export async function stack(scenario: Scenario): Promise<Stack> {
  const { days, store } = await simulate(scenario);
  const keys = readRoleKeys('tuf-keys', (await store.read(tufKeys))?.data ?? {});
  const { root } = keys;
  if (root === undefined) throw new Error('there is no root key');
  return { states: statesOf(days), keys: { ...keys, root } };
}

/** The history, and one state more: the last one's files with changes, for some days. */
export function followedBy({ states }: Stack, change: (files: Data) => Data, days = 1): Served[] {
  const { files, ends } = states.at(-1)!;
  const begins = new Date(ends.getTime() + 1000);
  return [
    ...states,
    { files: change(files), begins, ends: new Date(begins.getTime() + days * day) },
  ];
}

const day = 86_400_000;

/** Metadata as a file, signed with these keys, be they whose they may. */
export function signedBy(signed: object, ...keys: readonly KeyObject[]): Uint8Array {
  const message = Buffer.from(canonicalize(signed as Json));
  const signatures = keys.map((key) => ({
    keyid: idOf(key),
    sig: sign(null, message, key).toString('hex'),
  }));
  return new Uint8Array(Buffer.from(JSON.stringify({ signed, signatures })));
}

type Json = Parameters<typeof canonicalize>[0];

/** The newest root with changes, one version further, signed with these keys. */
export function nextRoot(files: Data, change: Partial<Root>, ...keys: readonly KeyObject[]): Data {
  const number = newestRoot(files);
  const { signed } = envelope<Root>(files, `${number}.root.json`);
  const bytes = signedBy({ ...signed, version: number + 1, ...change }, ...keys);
  return { ...files, [`${number + 1}.root.json`]: bytes, 'root.json': bytes };
}

/** The timestamp with changes, of the next version, signed with its key. */
export function nextTimestamp(files: Data, keys: RoleKeys, change: Partial<Meta>): Data {
  const { signed } = envelope<Meta>(files, 'timestamp.json');
  const next = { ...signed, version: signed.version + 1, ...change };
  return { ...files, 'timestamp.json': signedBy(next, keys.timestamp) };
}

/** The snapshot with changes, of the next version where none is given, and a timestamp that leads to it. */
export function nextSnapshot(files: Data, keys: RoleKeys, change: Partial<Meta>): Data {
  const { signed } = envelope<Meta>(files, `${snapshotOf(files)}.snapshot.json`);
  const next = { ...signed, version: signed.version + 1, ...change };
  const bytes = signedBy(next, keys.snapshot);
  const meta = { 'snapshot.json': reference(next.version, bytes) };
  const changed = { ...files, [`${next.version}.snapshot.json`]: bytes };
  return nextTimestamp(changed, keys, { meta });
}

/** The targets with changes, of the next version, and a snapshot that leads to them. */
export function nextTargets(files: Data, keys: RoleKeys, change: Partial<Targets>): Data {
  const version = targetsOf(files) + 1;
  const { signed } = envelope<Targets>(files, `${version - 1}.targets.json`);
  const bytes = signedBy({ ...signed, version, ...change }, keys.targets);
  const meta = { 'targets.json': reference(version, bytes) };
  return nextSnapshot({ ...files, [`${version}.targets.json`]: bytes }, keys, { meta });
}

/** What metadata of that version says of these bytes. */
export function reference(version: number, bytes: Uint8Array) {
  return { version, length: bytes.length, hashes: { sha256: sha256(bytes) } };
}

/** The name of a target's file that is there; @throws {Error} where there is none. */
export function fileOf(files: Data, target: string): string {
  const { signed } = envelope<Targets>(files, `${targetsOf(files)}.targets.json`);
  const listed = signed.targets[target];
  if (listed === undefined) throw new Error(`there is no ${target}`);
  return `${listed.hashes.sha256}.${target}`;
}

/** All files but these. */
export function without(files: Data, ...names: readonly string[]): Data {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
}
