import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { tufKey } from './metadata.ts';

describe('a role key', () => {
  it('has the id that go-tuf gives it', () => {
    const seed = Buffer.alloc(32, 1).toString('hex');
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
    const key = tufKey(
      createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })),
    );
    // The public key of that seed, in the JSON that go-tuf 0.7 hashes.
    const raw = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c';
    const json =
      '{"keyid_hash_algorithms":["sha256","sha512"],"keytype":"ed25519",' +
      `"keyval":{"public":"${raw}"},"scheme":"ed25519"}`;
    expect(key.keyVal.public).toBe(raw);
    expect(key.keyID).toBe(createHash('sha256').update(json).digest('hex'));
  });
});
