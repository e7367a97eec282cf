import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tufRepository } from '@sigstand/contracts/records';
import { logIdOf } from '@sigstand/createtuf/log-id';
import { openRepository, publishedTargets } from '@sigstand/createtuf/repository';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { expect } from 'vitest';
import { leafHash, rootOfInclusion } from '../../packages/sigstand/src/merkle.ts';
import { readSth, signerOf } from '../../packages/sigstand/src/status/judge-ctlog.ts';
import { readTrust } from '../../packages/sigstand/src/status/trust.ts';
import type { Signature } from '../cluster/clients/client.ts';
import type { Field } from '../cluster/clients/field.ts';
import { get } from '../cluster/gateway.ts';

/* The CT logs that clients are told of, asked as a monitor does. */

/** The public key that a signature's certificate is for, which no other certificate has. */
async function keyOf({ bundle }: Signature): Promise<Buffer> {
  const { verificationMaterial } = JSON.parse(await readFile(bundle, 'utf8'));
  const { rawBytes } = verificationMaterial.certificate;
  const { publicKey } = new X509Certificate(Buffer.from(rawBytes, 'base64'));
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** What clients are told by the repository as it is stored. */
async function trustOf({ cluster }: Field) {
  const { namespace, name } = tufRepository;
  const { data = {}, binaryData = {} } = await cluster.get<Record<'data' | 'binaryData', Texts>>(
    'configmap',
    name,
    ...['-n', namespace],
  );
  const files = [
    ...Object.entries(data).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(binaryData).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
  ];
  const targets = publishedTargets(openRepository(Object.fromEntries(files)));
  const bytes = (wanted: string) => targets.find((one) => one.name === wanted)?.bytes;
  const trustedRoot = bytes('trusted_root.json') ?? Buffer.alloc(0);
  const signingConfig = bytes('signing_config.v0.2.json') ?? Buffer.alloc(0);
  const root = TrustedRoot.fromJSON(JSON.parse(Buffer.from(trustedRoot).toString()));
  return { root, material: readTrust({ trustedRoot, signingConfig }).material };
}

type Texts = Readonly<Record<string, string>> | undefined;

interface CtLog {
  readonly url: string;
  readonly size: number;
  /** As RFC 6962 has them, in their order. */
  readonly entries: readonly Buffer[];
  /** Whether a key of it may sign now. */
  readonly isOpen: boolean;
}

/** Every CT log that clients are told of, with all of its entries, each of them proved. */
export async function ctLogs(field: Field): Promise<CtLog[]> {
  const { root, material } = await trustOf(field);
  const urls = [...new Set(root.ctlogs.map(({ baseUrl }) => baseUrl))];
  return Promise.all(
    urls.map(async (url) => {
      const { host, pathname } = new URL(url);
      const here = `${await field.gateway.url(host)}${pathname}/ct/v1`;
      const json = async (path: string) => {
        const { status, body } = await get(here + path);
        expect({ url, path, status }).toEqual({ url, path, status: 200 });
        return JSON.parse(body.toString());
      };
      const own = root.ctlogs.filter((one) => one.baseUrl === url);
      const ids = own.map(logIdOf);
      const keys = material.ctlogs.filter(({ logID }) => ids.includes(logID.toString('hex')));
      const head = readSth(Buffer.from(JSON.stringify(await json('/get-sth'))));
      expect({ url, signer: signerOf(head, keys) !== undefined }).toEqual({ url, signer: true });
      const entries: Buffer[] = [];
      while (entries.length < head.size) {
        const range = `/get-entries?start=${entries.length}&end=${head.size - 1}`;
        const { entries: some } = await json(range);
        for (const { leaf_input } of some) entries.push(Buffer.from(leaf_input, 'base64'));
      }
      for (const [index, entry] of entries.entries()) {
        const leaf = leafHash(entry);
        const hash = encodeURIComponent(leaf.toString('base64'));
        const proof = await json(`/get-proof-by-hash?hash=${hash}&tree_size=${head.size}`);
        const path = (proof.audit_path ?? []).map((one: string) => Buffer.from(one, 'base64'));
        expect(proof.leaf_index ?? 0).toBe(index);
        const place = { index, size: head.size };
        expect(rootOfInclusion(leaf, place, path)?.equals(head.root)).toBe(true);
      }
      const isOpen = own.some(({ publicKey }) => publicKey?.validFor?.end === undefined);
      return { url, size: head.size, entries, isOpen };
    }),
  );
}

/** In which of some logs a signature's certificate is. */
export async function logsWith(signature: Signature, logs: readonly CtLog[]): Promise<string[]> {
  const key = await keyOf(signature);
  return logs
    .filter(({ entries }) => entries.some((one) => one.includes(key)))
    .map(({ url }) => url);
}
