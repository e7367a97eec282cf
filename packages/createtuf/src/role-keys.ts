import { createPrivateKey, type KeyObject } from 'node:crypto';
import { tufKeys } from '@sigstand/contracts/records';
import { at } from '@sigstand/job/errors';
import { allOrNone } from '@sigstand/job/whole';
import type { Entropy } from '@sigstand/pki/entropy';
import { PkiError } from '@sigstand/pki/error';
import { pem, pemBlocks } from '@sigstand/pki/pem';
import type { Change, Data } from '@sigstand/store/store';

export const roles = tufKeys.keys;
export type Role = (typeof roles)[number];

/** The private key of each role. */
export type RoleKeys = Readonly<Record<Role, KeyObject>>;

/** A key for each role, where there is none yet. */
export function newRoleKeys(
  place: string,
  current: Data | undefined,
  entropy: Entropy,
): Change | undefined {
  if (allOrNone(place, current, roles) === 'all') return undefined;
  return { data: Object.fromEntries(roles.map((role) => [role, pkcs8(entropy)])) };
}

/** The keys as they are stored. */
export function readRoleKeys(place: string, data: Data): RoleKeys {
  const read = (role: Role) => at(`${place} key ${role}`, () => privateKey(data[role]));
  return {
    root: read('root'),
    targets: read('targets'),
    snapshot: read('snapshot'),
    timestamp: read('timestamp'),
  };
}

function pkcs8(entropy: Entropy): Uint8Array {
  const der = entropy.privateKey('ed25519').export({ type: 'pkcs8', format: 'der' });
  return pem('PRIVATE KEY', new Uint8Array(der));
}

function privateKey(bytes: Uint8Array | undefined): KeyObject {
  const [block, ...others] = pemBlocks(bytes ?? new Uint8Array());
  const key = block && others.length === 0 ? parsed(block.der) : undefined;
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new PkiError('is not one Ed25519 private key in PEM (PKCS #8)');
  }
  return key;
}

function parsed(der: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}
