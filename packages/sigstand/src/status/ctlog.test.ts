import { createHash, type KeyObject } from 'node:crypto';
import { signedHead } from '@sigstand/createctconfig/testing';
import { systemEntropy } from '@sigstand/pki/entropy';
import { publicKeyOf, spki } from '@sigstand/pki/keys';
import { SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial } from '@sigstore/verify';
import { describe, expect, it } from 'vitest';
import type { Asking } from './asking.ts';
import { gather } from './gather.ts';
import { disorder } from './testing.ts';

/* A stack with more than one CT log: the one that is written to, and those from before a move. */

const url = 'http://ctlog/log';
const oldUrl = `${url}/old/11`;
const keys = [1, 2, 3].map(() => systemEntropy.privateKey('ecdsa-p256'));
const [first, second, third] = keys as [KeyObject, KeyObject, KeyObject];
const now = new Date('2031-06-01T00:00:00Z');
const idOf = (key: KeyObject) =>
  createHash('sha256')
    .update(spki(publicKeyOf(key)))
    .digest();

const entry = (key: KeyObject, baseUrl: string, end?: string) => ({
  ...{ baseUrl, hashAlgorithm: 'SHA2_256', logId: { keyId: idOf(key).toString('base64') } },
  publicKey: {
    rawBytes: Buffer.from(spki(publicKeyOf(key))).toString('base64'),
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    validFor: { start: '2030-01-01T00:00:00Z', ...(end && { end }) },
  },
});

const trustOf = (...ctlogs: readonly object[]) => {
  const root = TrustedRoot.fromJSON({ mediaType: '', ctlogs });
  return { root, material: toTrustMaterial(root), config: SigningConfig.fromJSON({}) };
};
const moved = trustOf(
  entry(first, oldUrl, '2030-06-01T00:00:00Z'),
  entry(second, oldUrl, '2031-01-01T00:00:00Z'),
  entry(third, url),
);

const root = (number: number) => new Uint8Array(32).fill(number);
const served = (key: KeyObject, size: number, of: number) => {
  const head = signedHead(key, { size, timestamp: 1_900_000_000_000, root: root(of) });
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    ...{ tree_size: size, timestamp: head.timestamp, sha256_root_hash: base64(head.root) },
    tree_head_signature: base64(head.signature),
  };
};

async function looked(
  answers: Record<string, object>,
  { trust = moved, seen = {} }: Partial<Pick<Asking, 'trust' | 'seen'>> = {},
) {
  const asked: string[] = [];
  const found = await gather({
    ...{ trust, seen, now: () => now, nonce: Buffer.alloc(1) },
    discovery: () => Promise.reject(new Error('nobody asks')),
    async way({ url: one }) {
      asked.push(one);
      const body = one.endsWith('/get-roots') ? { certificates: [] } : answers[one.slice(0, -14)];
      if (body === undefined) return { status: 404, type: '', body: Buffer.from('no') };
      return { status: 200, type: '', body: Buffer.from(JSON.stringify(body)) };
    },
  });
  return { ...found, asked };
}

const whole = { [url]: served(third, 3, 3), [oldUrl]: served(second, 7, 7) };

describe('a CT log that was moved', () => {
  it('is looked at in both places, each by its own keys', async () => {
    const { findings, heads } = await looked(whole);
    expect(disorder(findings)).toEqual([]);
    const lines = findings.map(({ check, subject }) => `${check} ${subject}`);
    expect(lines).toEqual(expect.arrayContaining([`ctlog-key ${url}`, `ctlog-key ${oldUrl}`]));
    expect(lines).not.toContain(`ctlog-roots ${oldUrl}`);
    expect(heads).toMatchObject({
      [url]: { size: 3, key: idOf(third).toString('hex') },
      [oldUrl]: { size: 7, tree: '11', key: idOf(second).toString('hex') },
    });
  });

  it.each([
    ['an old log that is away', { [url]: whole[url] }, ['address', oldUrl, 'unavailable']],
    [
      'an old log with the key of the new one',
      { ...whole, [oldUrl]: served(third, 7, 7) },
      ['ctlog-key', oldUrl, 'contradiction'],
    ],
    [
      'a new log with the key of the old one',
      { ...whole, [url]: served(second, 3, 3) },
      ['ctlog-key', url, 'contradiction'],
    ],
  ] as const)('is in disorder with %s', async (_what, answers, line) => {
    expect(disorder((await looked(answers as never)).findings)).toEqual([line]);
  });

  it('is compared with what was seen of it before the move', async () => {
    const before = (key: KeyObject, size: number, of: number) => ({
      [url]: { size, key: idOf(key).toString('hex'), root: Buffer.from(root(of)).toString('hex') },
    });
    // Of the same size, no proof is asked for; the first key had the same log.
    for (const key of [first, second]) {
      expect(disorder((await looked(whole, { seen: before(key, 7, 7) })).findings)).toEqual([]);
    }
    const rolled = await looked(whole, { seen: before(second, 8, 7) });
    expect(disorder(rolled.findings)).toEqual([['ctlog-tree', oldUrl, 'contradiction']]);
    // A key that clients do not know is no reason to forget a log.
    const strange = systemEntropy.privateKey('ecdsa-p256');
    for (const key of [third, strange]) {
      const other = await looked(whole, { seen: before(key, 8, 7) });
      expect(disorder(other.findings)).toEqual([['ctlog-tree', url, 'contradiction']]);
    }
  });
});

describe('a CT log that is being moved', () => {
  const both = trustOf(entry(second, url), entry(third, url));
  const seenBy = (key: KeyObject) => ({
    [url]: { size: 8, key: idOf(key).toString('hex'), root: Buffer.from(root(7)).toString('hex') },
  });
  const todoOf = async (key: KeyObject, trust = both) => {
    const { findings } = await looked({ [url]: served(third, 0, 0) }, { trust, seen: seenBy(key) });
    expect(disorder(findings)).toContainEqual(['ctlog-tree', url, 'contradiction']);
    return findings.find(({ check }) => check === 'ctlog-tree')?.todo;
  };

  it('is no log that was seen, and it is said what that may be', async () => {
    expect(await todoOf(second)).toMatch(
      /^if sigstand rotate ctlog --new-log is at work, look again when it is done; else this is a log that was rolled back/,
    );
  });

  it('is told as rolled back where one key has signed both heads, or clients no longer trust the other', async () => {
    for (const todo of [await todoOf(third), await todoOf(second, trustOf(entry(third, url)))]) {
      expect(todo).toMatch(/^this is a log that was rolled back/);
    }
  });
});

describe('a CT log that clients are told of at another address', () => {
  it('is looked at there alone', async () => {
    const trust = trustOf(
      entry(first, 'http://before/log', '2030-06-01T00:00:00Z'),
      entry(second, url),
    );
    const { findings, asked } = await looked({ [url]: served(second, 3, 3) }, { trust });
    expect(disorder(findings)).toEqual([]);
    expect(asked.filter((one) => one.startsWith('http://before'))).toEqual([]);
  });
});
