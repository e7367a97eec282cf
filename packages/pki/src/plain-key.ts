import { isPlainKey } from './open.ts';
import { utf8 } from './pem.ts';

/** What a record holds, by key. */
type Values = Readonly<Record<string, Uint8Array>>;

/** The names in a record of a private key and of the password that seals it. */
export interface SealedKey {
  readonly key: string;
  readonly password: string;
}

/** The keys that a record needs: all of them, but no password for a private key that is not sealed. */
export function keysNeeded(
  keys: readonly string[],
  data: Values | undefined,
  { key, password }: SealedKey,
): readonly string[] {
  const bytes = data?.[key];
  return bytes?.length && isPlainKey(bytes) ? keys.filter((name) => name !== password) : keys;
}

/**
 * What a record with a key that is not sealed lacks: a Pod that takes the password into its environment
 * waits for it, and Fulcio does not start with an empty one. The servers read such a key with any.
 */
export function lackingPassword(data: Values, { key, password }: SealedKey): Values {
  const needs = !data[password]?.length && isPlainKey(data[key] ?? new Uint8Array());
  return needs ? { [password]: utf8('the key is not sealed') } : {};
}
