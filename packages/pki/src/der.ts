import { PkiError } from './error.ts';

/** One element of DER (X.690 §8.1): the octet that is its tag, and what it holds. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Tags of X.680 §8.6 that are looked for; a SEQUENCE is written as constructed. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
} as const;

/**
 * The elements that stand one after the other: a file's, or those in a constructed element.
 *
 * @throws {PkiError} Where it is not DER.
 */
export function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let start = 0; start < bytes.length; ) {
    const { content, end } = readElement(bytes, start);
    found.push({ tag: bytes[start] ?? 0, content });
    start = end;
  }
  return found;
}

function readElement(bytes: Uint8Array, start: number): { content: Uint8Array; end: number } {
  const first = bytes[start + 1] ?? 0xff;
  const more = first < 0x80 ? 0 : first & 0x7f;
  const octets = bytes.subarray(start + 2, start + 2 + more);
  // Four octets are more than any file here has; 0x80 alone is BER's indefinite length.
  if (first === 0x80 || more > 4 || octets.length < more) throw new PkiError('is not DER');
  const length = more === 0 ? first : octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const from = start + 2 + more;
  const end = from + length;
  if (end > bytes.length) throw new PkiError('is not DER');
  return { content: bytes.subarray(from, end), end };
}

/** An OBJECT IDENTIFIER's content in dotted form (X.690 §8.19). */
export function dotted(content: Uint8Array): string {
  const [first = 0, ...rest] = arcs(content);
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - 40 * top, ...rest].join('.');
}

function arcs(content: Uint8Array): number[] {
  const found: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet & 0x80) continue;
    found.push(arc);
    arc = 0;
  }
  return found;
}

/** An INTEGER's content, exactly (X.690 §8.3). */
export function integer(content: Uint8Array): bigint {
  if (content.length === 0) throw new PkiError('is not DER');
  const unsigned = BigInt(`0x${Buffer.from(content).toString('hex')}`);
  return BigInt.asIntN(8 * content.length, unsigned);
}
