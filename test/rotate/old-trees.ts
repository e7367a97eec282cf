import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { extendsTree, leafHash, rootOfInclusion } from '../../packages/sigstand/src/merkle.ts';
import { headIn } from '../../packages/sigstand/src/status/judge-rekor.ts';
import type { Signature } from '../cluster/clients/client.ts';
import type { Gateway } from '../cluster/gateway.ts';
import { entryIn } from '../cluster/logs.ts';

/* What Rekor still says of entries whose tree is frozen, asked in each way in which one can ask. */

interface Entry {
  readonly body: string;
  readonly logIndex: number;
  readonly verification: {
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly hashes: readonly string[];
      readonly checkpoint: string;
    };
  };
}

interface Told {
  readonly treeID: string;
  readonly treeSize: number;
  readonly inactiveShards: readonly { readonly treeID: string; readonly treeSize: number }[] | null;
}

/** Where an entry is, by the bundle that its signer was given. */
export async function placeOf({ bundle }: Signature) {
  const { logIndex: index, inTree, body, checkpoint } = await entryIn(bundle);
  const [, tree = ''] = / - (\d+)\n/.exec(checkpoint) ?? [];
  return { index, inTree, tree, body, head: headIn(checkpoint) };
}

/** The log behind a gateway. */
export function logBehind(gateway: Gateway) {
  const ask = async (path: string, content?: object) => {
    const url = await gateway.url('rekor.rekor-system.svc');
    const post = { method: 'POST', body: JSON.stringify(content) };
    const headers = { 'content-type': 'application/json', connection: 'close' };
    // A Pod that has just gone is still asked for a moment.
    for (const deadline = Date.now() + 20_000; ; await sleep(200)) {
      try {
        const answer = await fetch(`${url}/api/v1/${path}`, { headers, ...(content && post) });
        return { status: answer.status, told: await answer.json() };
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  };
  const told = async <T>(path: string, content?: object): Promise<T> => {
    const answer = await ask(path, content);
    expect({ path, ...answer }).toEqual({ path, told: answer.told, status: 200 });
    return answer.told as T;
  };
  return {
    /** The tree that is written to, those before it, and how many entries there are. */
    async trees() {
      const { treeID, treeSize, inactiveShards } = await told<Told>('log');
      const before = inactiveShards ?? [];
      const entries = before.reduce((sum, one) => sum + one.treeSize, treeSize);
      return { active: treeID, before: before.map((one) => one.treeID), entries };
    },
    /** Asks for an entry in every way, and checks each proof. */
    async holds(signature: Signature): Promise<void> {
      const { index, tree, body, head } = await placeOf(signature);
      const leaf = leafHash(body);
      const uuid = leaf.toString('hex');
      const id = BigInt(tree).toString(16).padStart(16, '0') + uuid;
      const blob = createHash('sha256').update(await readFile(signature.blob));
      const hash = `sha256:${blob.digest('hex')}`;
      expect(await told<string[]>('index/retrieve', { hash })).toContain(id);
      const [searched] = await told<Record<string, Entry>[]>('log/entries/retrieve', {
        logIndexes: [index],
      });
      const answers = [searched ?? {}];
      for (const way of [`?logIndex=${index}`, `/${id}`, `/${uuid}`]) {
        answers.push(await told<Record<string, Entry>>(`log/entries${way}`));
      }
      for (const answer of answers) {
        expect(Object.keys(answer)).toEqual([id]);
        const { body: found, logIndex, verification } = answer[id] as Entry;
        expect({ found, logIndex }).toEqual({ found: body.toString('base64'), logIndex: index });
        const { inclusionProof: proof } = verification;
        const now = headIn(proof.checkpoint);
        expect(proof.checkpoint).toContain(` - ${tree}\n`);
        const path = proof.hashes.map((one) => Buffer.from(one, 'hex'));
        const at = { index: proof.logIndex, size: proof.treeSize };
        expect(rootOfInclusion(leaf, at, path)).toEqual(now.root);
        const query = `firstSize=${head.size}&lastSize=${now.size}&treeID=${tree}`;
        const { hashes } = await told<{ hashes: string[] }>(`log/proof?${query}`);
        const links = hashes.map((one) => Buffer.from(one, 'hex'));
        expect(extendsTree(head, now, links)).toBe(true);
      }
    },
  };
}
