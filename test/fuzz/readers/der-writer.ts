import { element } from '../../faults/bad-inputs/material.ts';

/* DER, written without asking what it means: what is wrong on purpose has to be written, too. */

export { element };

export const sequence = (...parts: readonly Uint8Array[]) => element(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]) => element(0x31, ...parts);
export const octets = (...parts: readonly Uint8Array[]) => element(0x04, ...parts);
export const nothing = () => element(0x05);
export const hex = (digits: string) => new Uint8Array(Buffer.from(digits, 'hex'));
export const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** An INTEGER with these octets, as few or as many as they are. */
export const integer = (digits: string) => element(0x02, hex(digits));

/** A BIT STRING; `unused` bits at its end are not counted. */
export const bits = (content: Uint8Array, unused = 0) =>
  element(0x03, Uint8Array.of(unused), content);

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const arcs = [40 * first + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    return groups;
  });
  return element(0x06, Uint8Array.from(arcs));
}
