import { type KeyObject, verify } from 'node:crypto';

/** A tree head as RFC 6962 has it (§3.5). */
export interface SignedTreeHead {
  readonly size: number;
  readonly timestamp: number;
  /** Of 32 bytes. */
  readonly root: Uint8Array;
  /** `DigitallySigned` (RFC 5246 §4.7): two bytes that name the algorithms, two of length, the signature. */
  readonly signature: Uint8Array;
}

const sha256 = 4;
const algorithms: Readonly<Record<string, number>> = { rsa: 1, ec: 3 };

/** What a log signs of a tree head. */
export function headBytes({
  size,
  timestamp,
  root,
}: Omit<SignedTreeHead, 'signature'>): Uint8Array {
  const signed = Buffer.alloc(50);
  signed.writeUInt8(1, 1); // tree_hash, of version 0
  signed.writeBigUInt64BE(BigInt(timestamp), 2);
  signed.writeBigUInt64BE(BigInt(size), 10);
  signed.set(root, 18);
  return signed;
}

/** Whether a key has signed a tree head. */
export function isSignedBy(head: SignedTreeHead, key: KeyObject): boolean {
  const { asymmetricKeyType = '' } = key;
  const bytes = Buffer.from(head.signature);
  const isWhole =
    bytes.length > 4 &&
    bytes[0] === sha256 &&
    bytes[1] === algorithms[asymmetricKeyType] &&
    bytes.readUInt16BE(2) === bytes.length - 4;
  try {
    return isWhole && verify('sha256', headBytes(head), key, bytes.subarray(4));
  } catch {
    return false;
  }
}
