import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dotted, elements, integer, only, tag } from './der.ts';
import { openssl, withFiles } from './testing.ts';

/** What openssl writes for a value in its own notation (ASN1_generate_nconf). */
function der(value: string): Uint8Array {
  return withFiles({}, (path) => {
    openssl(['asn1parse', '-noout', '-genstr', value, '-out', path('der')]);
    return new Uint8Array(readFileSync(path('der')));
  });
}

describe('elements', () => {
  it.each([0, 1, 127, 128, 255, 256, 65_535, 65_536])('reads content of %i octets', (length) => {
    const text = 'x'.repeat(length);
    const [element, ...others] = elements(der(`OCT:${text}`));
    expect(others).toEqual([]);
    expect(element?.tag).toBe(tag.octets);
    expect(Buffer.from(element!.content).toString()).toBe(text);
  });

  it('reads one after the other', () => {
    const bytes = Buffer.concat([der('INT:5'), der('NULL'), der('BOOL:TRUE')]);
    expect(elements(bytes).map((element) => element.tag)).toEqual([2, 5, 1]);
  });

  it.each([
    ['a tag alone', [0x30]],
    ['a length that is cut off', [0x30, 0x82, 0x01]],
    ['content that is cut off', [0x30, 0x03, 0x02, 0x01]],
    ['an indefinite length', [0x30, 0x80, 0x00, 0x00]],
    ['a length of five octets', [0x30, 0x85, 1, 1, 1, 1, 1]],
    ['a length beyond the file', [0x30, 0x84, 0xff, 0xff, 0xff, 0xff]],
    ['a length of two octets where one is enough', [0x04, 0x81, 0x01, 0x00]],
    ['a length that begins with nothing', [0x04, 0x82, 0x00, 0x80, ...Array(128).fill(0)]],
  ])('refuses %s', (_what, octets) => {
    expect(() => elements(Uint8Array.from(octets))).toThrow('is not DER');
  });
});

describe('only', () => {
  it('is the one element, and refuses another behind it, or none', () => {
    expect(only(der('INT:5')).tag).toBe(tag.integer);
    expect(() => only(Buffer.concat([der('INT:5'), der('NULL')]))).toThrow('is not DER');
    expect(() => only(new Uint8Array())).toThrow('is not DER');
  });
});

describe('dotted', () => {
  it.each(['1.3.6.1.5.5.7.3.8', '2.5.29.37', '1.2.840.113549.1.5.12', '0.9.2342', '2.999.1'])(
    'reads %s',
    (oid) => {
      expect(dotted(elements(der(`OID:${oid}`))[0]!.content)).toBe(oid);
    },
  );
});

describe('integer', () => {
  it.each([0n, 127n, 128n, -1n, -129n, 600_000n, 2n ** 64n])('reads %i', (value) => {
    expect(integer(elements(der(`INT:${value}`))[0]!.content)).toBe(value);
  });

  it.each([[[]], [[0x00, 0x7f]], [[0xff, 0x80]]])('refuses the octets %j', (octets) => {
    expect(() => integer(Uint8Array.from(octets))).toThrow('is not DER');
  });
});
