import { PkiError } from './error.ts';

/** One element of DER (X.690 §8.1): the octet that is its tag, what it holds, and both with the length between. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

/** Tags of X.680 §8.6 that are looked for; SEQUENCE and SET are written as constructed. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  nothing: 0x05,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * The elements that stand one after the other: a file's, or those in a constructed element. Lengths must be
 * as short as they can be, as Go's readers demand; OpenSSL reads others as well.
 *
 * @throws {PkiError} Where it is not DER.
 */
export function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let start = 0; start < bytes.length; ) {
    const one = readElement(bytes, start);
    found.push(one);
    start += one.raw.length;
  }
  return found;
}

function readElement(bytes: Uint8Array, start: number): Element {
  const [kind = 0x1f, first = 0xff] = bytes.subarray(start, start + 2);
  const more = first < 0x80 ? 0 : first & 0x7f;
  const octets = bytes.subarray(start + 2, start + 2 + more);
  // 0x1f begins a tag of several octets; 0x80 alone is BER's indefinite length.
  if ((kind & 0x1f) === 0x1f || first === 0x80 || more > 4) throw notDer();
  const length = more === 0 ? first : octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const shortest = more === 0 || (length >= 0x80 && octets[0] !== 0);
  const from = start + 2 + more;
  const end = from + length;
  if (octets.length < more || !shortest || end > bytes.length) throw notDer();
  return { tag: kind, content: bytes.subarray(from, end), raw: bytes.subarray(start, end) };
}

/** The one element that the bytes are. */
export function only(bytes: Uint8Array): Element {
  const [one, ...others] = elements(bytes);
  if (one === undefined || others.length > 0) throw notDer();
  return one;
}

/** The elements in a SEQUENCE, or in another constructed element where its tag is given. */
export function within(element: Element | undefined, wanted: number = tag.sequence): Element[] {
  return elements(contentOf(element, wanted));
}

/** What an element of this tag holds. */
export function contentOf(element: Element | undefined, wanted: number): Uint8Array {
  if (element?.tag !== wanted) throw notDer();
  return element.content;
}

/** An OBJECT IDENTIFIER's content in dotted form (X.690 §8.19); none of its arcs has more than 31 bits. */
export function dotted(content: Uint8Array): string {
  const [first = 0, ...rest] = arcs(content);
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - 40 * top, ...rest].join('.');
}

function arcs(content: Uint8Array): number[] {
  const found: number[] = [];
  let arc = 0;
  let begun = false;
  for (const octet of content) {
    if (!begun && octet === 0x80) throw notDer();
    arc = arc * 128 + (octet & 0x7f);
    if (arc >= 2 ** 31) throw notDer();
    begun = (octet & 0x80) !== 0;
    if (begun) continue;
    found.push(arc);
    arc = 0;
  }
  if (begun || found.length === 0) throw notDer();
  return found;
}

/** The dotted form of an element that is an OBJECT IDENTIFIER. */
export function oidOf(element: Element | undefined): string {
  return dotted(contentOf(element, tag.oid));
}

/** An INTEGER's content, exactly and in as few octets as it needs (X.690 §8.3). */
export function integer(content: Uint8Array): bigint {
  const [first, second = 0] = content;
  const padded =
    content.length > 1 && (first === 0 ? second < 0x80 : first === 0xff && second >= 0x80);
  if (first === undefined || padded) throw notDer();
  const unsigned = BigInt(`0x${Buffer.from(content).toString('hex')}`);
  return BigInt.asIntN(8 * content.length, unsigned);
}

/** The value of an element that is an INTEGER. */
export function integerOf(element: Element | undefined): bigint {
  return integer(contentOf(element, tag.integer));
}

/** The value of an element that is a BOOLEAN (X.690 §11.1). */
export function booleanOf(element: Element | undefined): boolean {
  const [value, ...others] = contentOf(element, tag.boolean);
  if (others.length > 0 || (value !== 0 && value !== 0xff)) throw notDer();
  return value === 0xff;
}

/** The octets of a BIT STRING, whose unused bits at the end are zero (X.690 §11.2). */
export function bitsOf(element: Element | undefined): { octets: Uint8Array; unused: number } {
  const content = contentOf(element, tag.bits);
  const [unused = 8] = content;
  const octets = content.subarray(1);
  const last = octets.at(-1);
  if (unused > 7 || (last === undefined ? unused > 0 : (last & ((1 << unused) - 1)) !== 0)) {
    throw notDer();
  }
  return { octets, unused };
}

export function notDer(): PkiError {
  return new PkiError('is not DER');
}
