import type { TransparencyLogInstance } from '@sigstore/protobuf-specs';

/** The ID of a log in a trust root, in hex: the SHA-256 of its key (RFC 6962 §3.2). Empty where the root tells none. */
export function logIdOf({ logId }: Pick<TransparencyLogInstance, 'logId'>): string {
  return logId?.keyId.toString('hex') ?? '';
}
