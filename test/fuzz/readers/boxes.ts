import type { KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { anyForm, mostly } from './chains.ts';
import { type Encoding, encodings } from './keys.ts';
import { oddSeals, type Seal, seals } from './sealing.ts';

/** How a private key lies in its file. */
export interface Box {
  readonly encode: (key: KeyObject) => Encoding;
  readonly seal: Seal;
  readonly form: (text: string) => string;
}

const all = Object.values(encodings);
const rfc1423 = Object.entries(seals).flatMap(([name, seal]) =>
  name.startsWith('RFC 1423') ? [seal] : [],
);

/** Mostly as ct_server reads them. */
export const ctBoxes: fc.Arbitrary<Box> = fc.record({
  encode: mostly([all[1]!], all, 5),
  seal: mostly(rfc1423, [...Object.values(seals), ...Object.values(oddSeals)], 5),
  form: anyForm,
});

export const boxes: fc.Arbitrary<Box> = fc.record({
  encode: mostly(all.slice(0, 2), all.slice(2), 5),
  seal: mostly(Object.values(seals), Object.values(oddSeals), 8),
  form: anyForm,
});

export function boxed(key: KeyObject, { encode, seal, form }: Box): Uint8Array {
  const text = Buffer.from(seal(encode(key))).toString('latin1');
  return new Uint8Array(Buffer.from(form(text), 'latin1'));
}
