import { generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { publicPem } from '@sigstand/pki/keys';
import { describe, expect, it } from 'vitest';
import { onRekor, rekorContainer } from './on-rekor.ts';

const here = onRekor('garbage');
const MiB = 2 ** 20;

/** What anybody may send to Rekor; resolves to the answer's status, or 0 where there was none. */
async function post(url: string, body: Uint8Array<ArrayBuffer> | string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  try {
    const answer = await fetch(`${url}/api/v1/log/entries`, { method: 'POST', headers, body });
    await answer.bytes();
    return answer.status;
  } catch {
    // Rekor may answer and close before all was sent.
    return 0;
  }
}

/** An entry for an attestation with about that many bytes, signed by a key of its own. */
function attested(size: number): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const payload = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'x', digest: { sha256: 'a'.repeat(64) } }],
    predicateType: 'https://example.com/predicate',
    predicate: { data: 'x'.repeat(size) },
  });
  const payloadType = 'application/vnd.in-toto+json';
  const encoded = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} ${payload}`;
  const sig = sign('sha256', Buffer.from(encoded), privateKey).toString('base64');
  const signed = Buffer.from(payload).toString('base64');
  const envelope = JSON.stringify({ payloadType, payload: signed, signatures: [{ sig }] });
  const verifiers = [Buffer.from(publicPem(publicKey)).toString('base64')];
  return JSON.stringify({
    ...{ apiVersion: '0.0.1', kind: 'dsse' },
    spec: { proposedContent: { envelope, verifiers } },
  });
}

/** The most memory that Rekor held since its start. */
async function mostMemory(): Promise<number> {
  const status = await readFile(`/proc/${here.server!.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1_024;
}

function memoryLimit(): number {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(rekorContainer.resources.limits.memory)!;
  return Number(number) * (unit === 'Gi' ? 1_024 : 1) * MiB;
}

describe('rekor-server with the limits of the manifest', () => {
  it('refuses 260 MiB of garbage, thrice at once, within its memory, and goes on signing', async () => {
    await here.plantTree();
    await here.makeKey();
    const url = await here.serve();
    const text = new Uint8Array(260 * MiB).fill('a'.charCodeAt(0));
    text.set(Buffer.from('{"kind":"'));
    const answers = await Promise.all([text, text, text].map((body) => post(url, body)));
    expect(answers.filter((status) => status !== 0 && status < 400)).toEqual([]);
    expect(await mostMemory()).toBeLessThan(memoryLimit());
    expect(await post(url, attested(1_000))).toBe(201);
  });

  it('takes an attestation of 23 MB', async () => {
    await here.plantTree();
    await here.makeKey();
    expect(await post(await here.serve(), attested(23_000_000))).toBe(201);
    expect(await mostMemory()).toBeLessThan(memoryLimit());
  });
});
