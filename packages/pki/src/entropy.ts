import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

export type KeyType = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521' | 'ed25519' | 'rsa-4096';

/** All that a Job makes up. Tests hand in their own. */
export interface Entropy {
  privateKey(type: KeyType): KeyObject;
  /** 256 bits in characters that need no quoting in a DSN, in SQL, in YAML or in a shell. */
  password(): string;
  /** A positive certificate serial number of at most 20 octets (RFC 5280 §4.1.2.2), in hex. */
  serialNumber(): string;
}

export const systemEntropy: Entropy = {
  privateKey(type) {
    switch (type) {
      case 'ed25519':
        return generateKeyPairSync('ed25519').privateKey;
      case 'rsa-4096':
        return generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey;
      default:
        return generateKeyPairSync('ec', { namedCurve: `P-${type.slice(-3)}` }).privateKey;
    }
  },
  password: () => randomBytes(32).toString('base64url'),
  serialNumber() {
    const octets = randomBytes(16);
    // Neither negative nor with a leading zero octet, which some readers refuse.
    octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40;
    return octets.toString('hex');
  },
};
