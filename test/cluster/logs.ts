import { verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  extendsTree,
  leafHash,
  rootOfInclusion,
  type TreeHead,
} from '../../packages/sigstand/src/merkle.ts';
import type { Gateway } from './gateway.ts';
import { get } from './gateway.ts';

/** An entry of Rekor as a bundle tells it. */
export interface Entry {
  readonly logIndex: number;
  readonly body: Buffer;
}

/** An entry as Rekor shows it. */
export interface RekorEntry {
  readonly body: string;
  readonly logIndex: number;
  readonly verification: {
    readonly inclusionProof: {
      readonly checkpoint: string;
      readonly hashes: readonly string[];
      readonly logIndex: number;
      readonly treeSize: number;
    };
  };
}

interface Bundle {
  readonly verificationMaterial: {
    readonly tlogEntries: readonly {
      readonly logIndex?: string;
      readonly canonicalizedBody: string;
      readonly inclusionProof?: {
        readonly logIndex?: string;
        readonly checkpoint: { readonly envelope: string };
      };
    }[];
  };
}

/** The entry in the file of a bundle, where it is in its tree, and the checkpoint that its signer was given. */
export async function entryIn(
  bundle: string,
): Promise<Entry & { inTree: number; checkpoint: string }> {
  const { verificationMaterial } = JSON.parse(await readFile(bundle, 'utf8')) as Bundle;
  const [entry] = verificationMaterial.tlogEntries;
  if (!entry) throw new Error(`${bundle} names no entry of a log`);
  // Protobuf's JSON leaves a zero out, which the first entry's index is.
  const { logIndex = '0', canonicalizedBody, inclusionProof } = entry;
  const inTree = Number(inclusionProof?.logIndex ?? '0');
  const checkpoint = inclusionProof?.checkpoint.envelope ?? '';
  return { logIndex: Number(logIndex), body: base64(canonicalizedBody), inTree, checkpoint };
}

async function json<T>(url: string): Promise<T> {
  const { status, body } = await get(url);
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body}`);
  return JSON.parse(body.toString()) as T;
}

const hex = (text: string) => Buffer.from(text, 'hex');
const base64 = (text: string) => Buffer.from(text, 'base64');

/** A tree head that Rekor's key has signed, as https://c2sp.org/signed-note writes it. */
function signedHead(note: string, publicKey: string): TreeHead {
  const [text = '', signatures = ''] = note.split(/(?<=\n)\n/);
  const [, size, root = ''] = text.split('\n');
  // Four bytes of key hash come before the signature.
  const signature = base64(signatures.split(' ').at(-1) ?? '').subarray(4);
  if (!verify('sha256', Buffer.from(text), publicKey, signature)) {
    throw new Error(`a checkpoint that Rekor's key has not signed: ${note}`);
  }
  return { size: Number(size), root: base64(root) };
}

/**
 * The fault of an entry as Rekor shows it, against the entry that the bundle remembers; undefined where it has none.
 */
function faultOf(shown: RekorEntry, entry: Entry, publicKey: string): string | undefined {
  if (shown.logIndex !== entry.logIndex) return `stands at ${shown.logIndex}`;
  if (!base64(shown.body).equals(entry.body)) return 'has another body';
  const { checkpoint, hashes, logIndex, treeSize } = shown.verification.inclusionProof;
  const head = signedHead(checkpoint, publicKey);
  if (head.size !== treeSize) return `is proven in a tree of ${treeSize}, signed is ${head.size}`;
  const place = { index: logIndex, size: treeSize };
  const root = rootOfInclusion(leafHash(entry.body), place, hashes.map(hex));
  return root?.equals(head.root) ? undefined : 'has an inclusion proof that leads elsewhere';
}

/** Both logs of a stack, read from outside. */
export interface Logs {
  /** What is wrong with an entry that is asked for by its index and by its UUID; empty where nothing is. */
  faults(entry: Entry): Promise<string[]>;
  /** The same of what is shown already. */
  faultOf(shown: RekorEntry, entry: Entry): string | undefined;
  /** Whether each log is what it was at the last call, with leaves added at its end. */
  grew(): Promise<{ rekor: boolean; ctlog: boolean }>;
  rekorEntry(logIndex: number): Promise<RekorEntry>;
}

export async function openLogs(gateway: Gateway, rekorKey: string): Promise<Logs> {
  const rekor = `${await gateway.url('rekor.rekor-system.svc')}/api/v1/log`;
  const ctlog = `${await gateway.url('ctlog.ctlog-system.svc')}/sigstorescaffolding/ct/v1`;

  const rekorEntries = (query: string) =>
    json<Record<string, RekorEntry>>(`${rekor}/entries${query}`);
  const rekorHead = async () => {
    const { signedTreeHead } = await json<{ signedTreeHead: string }>(rekor);
    return signedHead(signedTreeHead, rekorKey);
  };
  const ctHead = async () => {
    const sth = await json<{ tree_size: number; sha256_root_hash: string }>(`${ctlog}/get-sth`);
    return { size: sth.tree_size, root: base64(sth.sha256_root_hash) };
  };
  let last = { rekor: await rekorHead(), ctlog: await ctHead() };

  /** A log of two equal sizes gives no proof, and asks for none. */
  const rekorProof = async (from: number, to: number) =>
    from === to || from === 0
      ? []
      : (
          await json<{ hashes: string[] }>(`${rekor}/proof?firstSize=${from}&lastSize=${to}`)
        ).hashes.map(hex);
  const ctProof = async (from: number, to: number) =>
    from === to || from === 0
      ? []
      : (
          await json<{ consistency: string[] }>(
            `${ctlog}/get-sth-consistency?first=${from}&second=${to}`,
          )
        ).consistency.map(base64);

  return {
    faultOf: (shown, entry) => faultOf(shown, entry, rekorKey),
    async rekorEntry(logIndex) {
      const [entry] = Object.values(await rekorEntries(`?logIndex=${logIndex}`));
      if (!entry) throw new Error(`Rekor shows nothing at ${logIndex}`);
      return entry;
    },
    async faults(entry) {
      const byIndex = Object.entries(await rekorEntries(`?logIndex=${entry.logIndex}`));
      const found = await Promise.all(
        byIndex.map(async ([uuid, shown]) => [
          faultOf(shown, entry, rekorKey),
          ...Object.values(await rekorEntries(`/${uuid}`)).map((same) =>
            faultOf(same, entry, rekorKey),
          ),
          uuid.endsWith(leafHash(entry.body).toString('hex')) ? undefined : `has the UUID ${uuid}`,
        ]),
      );
      if (found.length !== 1 || found[0]?.length !== 3) return ['is not found once'];
      return found.flat().filter((fault) => fault !== undefined);
    },
    async grew() {
      const now = { rekor: await rekorHead(), ctlog: await ctHead() };
      const answer = {
        rekor: extendsTree(
          last.rekor,
          now.rekor,
          await rekorProof(last.rekor.size, now.rekor.size),
        ),
        ctlog: extendsTree(last.ctlog, now.ctlog, await ctProof(last.ctlog.size, now.ctlog.size)),
      };
      last = now;
      return answer;
    },
  };
}
