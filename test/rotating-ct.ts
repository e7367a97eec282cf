import { createHash, type KeyObject } from 'node:crypto';
import { oldPrivateKey } from '@sigstand/contracts/shards';
import { type OldLog, readConfig } from '@sigstand/createctconfig/ct-config';
import { signedHead } from '@sigstand/createctconfig/testing';
import { isSignedBy, type SignedTreeHead } from '@sigstand/createctconfig/tree-head';
import { parseCertificates } from '@sigstand/pki/chain';
import { openPrivateKey } from '@sigstand/pki/open';
import type { Data } from '@sigstand/store/store';
import { leafHash } from '../packages/sigstand/src/merkle.ts';
import { sharedTrillian } from './jobs.ts';

/* The CT log, as a ct_server in memory serves it: by what its Secret held when it started, from the trees of Trillian. */

// To open a sealed key takes a tenth of a second, on purpose.
const opened = new WeakMap<Uint8Array, KeyObject>();

function keyIn(sealed: Uint8Array | undefined, password: Uint8Array): KeyObject {
  if (sealed === undefined) throw new Error('a ct_server would not start: a file is not there');
  const key = opened.get(sealed) ?? openPrivateKey(sealed, password);
  opened.set(sealed, key);
  return key;
}

const leaf = (index: number) => Buffer.from(`entry ${index}`);
const node = (left: Buffer, right: Buffer) =>
  createHash('sha256')
    .update(Buffer.from([1]))
    .update(left)
    .update(right)
    .digest();

/** The root of the first leaves of a log, and the path to the last one: all are left of it. */
function treeOf(size: number): { root: Buffer; path: Buffer[] } {
  if (size === 0) return { root: createHash('sha256').digest(), path: [] };
  const root = (first: number, count: number): Buffer => {
    if (count === 1) return leafHash(leaf(first));
    const left = 2 ** Math.floor(Math.log2(count - 1));
    return node(root(first, left), root(first + left, count - left));
  };
  const path = (first: number, count: number): Buffer[] => {
    if (count === 1) return [];
    const left = 2 ** Math.floor(Math.log2(count - 1));
    return [...path(first + left, count - left), root(first, left)];
  };
  return { root: root(0, size), path: path(0, size) };
}

/** What ct_server answers to a path; undefined where it is another one. */
export function ctLogIn(path: string, data: Data, clock: number): (() => string) | undefined {
  const config = data.config ?? new Uint8Array();
  const { old, prefix, treeId, password } = readConfig(config);
  const [, at = '', call = ''] = /^\/(.*)\/ct\/v1\/(.*)$/.exec(path) ?? [];
  const before = old.find((one) => one.prefix === at);
  if (before) return () => answer(call, frozenHead(before, data), data);
  if (at !== prefix) return undefined;
  return () => answer(call, headOf(treeId, keyIn(data.private, password), clock), data);
}

const sizeOf = (tree: string) => Number(sharedTrillian.trees.get(tree)?.size ?? 0n);

function headOf(tree: string, key: KeyObject, clock: number): SignedTreeHead {
  const size = sizeOf(tree);
  return signedHead(key, { size, timestamp: clock, root: treeOf(size).root });
}

/** Heads are told by the time of the tree's root, which stays in a tree that is frozen. */
function frozenHead({ treeId, frozen, publicKey }: OldLog, data: Data): SignedTreeHead {
  if (frozen) return frozen;
  const file = data[oldPrivateKey(treeId)];
  const [, password = ''] =
    new RegExp(`path: "[^"]*${oldPrivateKey(treeId)}"\\s*password: "([^"]*)"`).exec(
      Buffer.from(data.config ?? []).toString(),
    ) ?? [];
  const head = headOf(treeId, keyIn(file, Buffer.from(password)), 1_900_000_000_000);
  if (publicKey && !isSignedBy(head, publicKey)) throw new Error('a ct_server would not start');
  return head;
}

function answer(call: string, head: SignedTreeHead, { rootca }: Data): string {
  const { size, timestamp, root, signature } = head;
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const [name, query = ''] = call.split('?');
  const asked = new URLSearchParams(query);
  switch (name) {
    case 'get-roots': {
      const roots = parseCertificates(rootca ?? new Uint8Array());
      return JSON.stringify({ certificates: roots.map(({ raw }) => base64(raw)) });
    }
    case 'get-sth':
      return JSON.stringify({
        ...{ tree_size: size, timestamp, sha256_root_hash: base64(root) },
        tree_head_signature: base64(signature),
      });
    case 'get-entries':
      return JSON.stringify({
        entries: [{ leaf_input: base64(leaf(Number(asked.get('start')))) }],
      });
    case 'get-proof-by-hash': {
      const last = { leaf_index: size - 1, audit_path: treeOf(size).path.map(base64) };
      if (asked.get('hash') !== base64(leafHash(leaf(size - 1)))) throw new Error('no such leaf');
      return JSON.stringify(last);
    }
    default:
      throw new Error(`ct_server has no ${name}`);
  }
}
