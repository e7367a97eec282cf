import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { connectTrillian } from '@sigstand/createtree/trillian';

/**
 * Puts an entry into a log of a real Trillian, as Rekor does, and waits until the signer has placed it.
 *
 * @throws {Error} Where Trillian refuses it.
 */
export async function addEntry(address: string, logId: string): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const signal = AbortSignal.timeout(30_000);
  const trillian = connectTrillian(address, { roots: undefined, timeout: 30_000, signal });
  try {
    const before = (await trillian.latestRoot(logId))?.size ?? 0n;
    await queueLeaf(client, queueLeafRequest(logId, Buffer.from(`entry ${before}`)));
    while (((await trillian.latestRoot(logId))?.size ?? 0n) === before) await sleep(50);
  } finally {
    client.close();
    trillian.close();
  }
}

function queueLeaf(client: Client, request: Buffer): Promise<void> {
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve, reject) => {
    const path = '/trillian.TrillianLog/QueueLeaf';
    client.makeUnaryRequest(path, same, same, request, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Trillian's QueueLeafRequest: the log's id, and a leaf that has a value only. */
function queueLeafRequest(logId: string, value: Buffer): Buffer {
  const leaf = Buffer.concat([Buffer.from([0x12, value.length]), value]);
  return Buffer.concat([
    Buffer.from([0x08]),
    varint(BigInt(logId)),
    Buffer.from([0x12, leaf.length]),
    leaf,
  ]);
}

function varint(number: bigint): Buffer {
  const bytes: number[] = [];
  for (let left = number; ; left >>= 7n) {
    if (left < 128n) return Buffer.from([...bytes, Number(left)]);
    bytes.push(Number(left & 127n) | 128);
  }
}
