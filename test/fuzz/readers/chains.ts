import type { KeyObject } from 'node:crypto';
import { pem } from '@sigstand/pki/pem';
import fc from 'fast-check';
import { type Change, changedDer, changes } from '../mutations.ts';
import {
  caSpec,
  extendedKeyUsage,
  leafSpec,
  purposes,
  resigned,
  type Spec,
  signed,
} from './certificates.ts';
import { keyPool } from './keys.ts';
import { oddities } from './oddities.ts';
import { forms, oddForms } from './pem-forms.ts';

/** Mostly one of the first, sometimes one of the second. */
export function mostly<T>(usual: readonly T[], odd: readonly T[], often = 8): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: often, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

/** Sometimes one of these, mostly none. */
export function rarely<T>(arbitrary: fc.Arbitrary<T>, seldom: number): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: seldom, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const keyNames = Object.keys(keyPool);
const goodKeys = keyNames.slice(0, 7);
export const anyKey = mostly(goodKeys, keyNames.slice(7), 30);
export const anyForm = mostly(Object.values(forms), Object.values(oddForms), 12);

const orders: Readonly<Record<string, (all: Uint8Array[]) => Uint8Array[]>> = {
  'as servers need it': (all) => all,
  'the other way': (all) => all.toReversed(),
  'the first twice': (all) => [...all.slice(0, 1), ...all],
  'without its root': (all) => all.slice(0, -1),
  'without its first': (all) => all.slice(1),
};

/** What a chain is made from. */
export interface Recipe {
  readonly kind: 'fulcio' | 'tsa';
  readonly keys: readonly string[];
  readonly odd: readonly { readonly where: number; readonly what: string }[];
  /** Changes to the octets of one certificate before it is signed. */
  readonly mutation: { readonly where: number; readonly all: readonly Change[] } | undefined;
  readonly order: string;
  readonly form: (text: string) => string;
}

/** Chains of up to four certificates, of which most have something unusual and many something wrong. */
export function recipes(kind: Recipe['kind']): fc.Arbitrary<Recipe> {
  const where = fc.nat({ max: 3 });
  const oddity = fc.record({ where, what: fc.constantFrom(...Object.keys(oddities)) });
  return fc.record({
    kind: fc.constant(kind),
    keys: fc.array(anyKey, { minLength: kind === 'tsa' ? 2 : 1, maxLength: 4 }),
    odd: fc
      .tuple(rarely(oddity, 1), rarely(oddity, 5))
      .map((two) => two.flatMap((one) => one ?? [])),
    mutation: rarely(fc.record({ where, all: changes }), 9),
    order: mostly(['as servers need it'], Object.keys(orders).slice(1), 25),
    form: anyForm,
  });
}

/** The chain as text, first the one that signs or is for the server's key; the same one for the same recipe. */
export function baked(recipe: Recipe): Baked {
  // Signatures with ECDSA are never the same twice.
  const found = kept.get(recipe) ?? bake(recipe);
  kept.set(recipe, found);
  return found;
}

const kept = new WeakMap<Recipe, Baked>();

interface Baked {
  readonly text: Uint8Array;
  readonly key: KeyObject;
}

function bake({ kind, keys, odd, mutation, order, form }: Recipe): Baked {
  const specs = keys.map((keyName, index) => specOf(kind, { keyName, index, count: keys.length }));
  for (const { where, what } of odd) {
    const index = where % specs.length;
    specs[index] = oddities[what]!(specs[index]!);
  }
  // Root first, each signed by the one before it.
  const ders = specs.map((spec, index) => {
    const issuer = specs[Math.max(0, index - 1)]!;
    const der = signed(spec, issuer);
    if (mutation === undefined || mutation.where % specs.length !== index) return der;
    return resigned(spec, issuer, changedDer(tbsOf(der), mutation.all));
  });
  const blocks = orders[order]!(ders.toReversed()).map((der) =>
    Buffer.from(pem('CERTIFICATE', der)),
  );
  const text = form(Buffer.concat(blocks).toString());
  return { text: new Uint8Array(Buffer.from(text, 'latin1')), key: specs.at(-1)!.key };
}

function specOf(
  kind: Recipe['kind'],
  { keyName, index, count }: { keyName: string; index: number; count: number },
): Spec {
  const subject = `${kind} ${index}`;
  if (kind === 'tsa' && index === count - 1) return leafSpec(subject, keyName);
  const spec = caSpec(subject, keyName);
  if (index === 0) return spec;
  const purpose = kind === 'tsa' ? purposes.timeStamping : purposes.codeSigning;
  return { ...spec, extensions: [...spec.extensions, extendedKeyUsage(purpose)] };
}

/** The first element of a certificate, whatever its length. */
function tbsOf(der: Uint8Array): Uint8Array {
  const lengthOf = (at: number) => {
    const first = der[at + 1] ?? 0;
    const more = first < 0x80 ? 0 : first & 0x7f;
    const length = more ? Buffer.from(der).readUIntBE(at + 2, more) : first;
    return { head: 2 + more, length };
  };
  const { head } = lengthOf(0);
  const tbs = lengthOf(head);
  return der.subarray(head, head + tbs.head + tbs.length);
}
