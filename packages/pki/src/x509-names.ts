import { contentOf, type Element, oidOf, only, tag, within } from './der.ts';
import { odd } from './error.ts';

const ascii = (octets: Uint8Array) => octets.every((octet) => octet < 0x80);
const matches = (pattern: RegExp) => (octets: Uint8Array) =>
  pattern.test(Buffer.from(octets).toString('latin1'));

/** The string types that Go knows in a name, by tag (X.680 §41), and what each may hold. */
const strings: Readonly<Record<number, (octets: Uint8Array) => boolean>> = {
  12: isUtf8,
  // NumericString
  18: matches(/^[0-9 ]*$/),
  // PrintableString, with the two characters more that Go allows since CAs use them.
  19: matches(/^[A-Za-z0-9 '()+,\-./:=?*&]*$/),
  // T61String, which is taken as Latin-1.
  20: () => true,
  // IA5String
  22: ascii,
  // BMPString
  30: isUcs2,
};

function isUtf8(octets: Uint8Array): boolean {
  return Buffer.from(Buffer.from(octets).toString('utf8'), 'utf8').equals(octets);
}

/** UTF-16 without surrogates and without what is reserved for ever. */
function isUcs2(octets: Uint8Array): boolean {
  if (octets.length % 2 !== 0) return false;
  const points = Array.from({ length: octets.length / 2 }, (_, index) =>
    Buffer.from(octets).readUInt16BE(2 * index),
  );
  return !points.some(
    (point) =>
      (point >= 0xd800 && point <= 0xdfff) ||
      (point >= 0xfdd0 && point <= 0xfdef) ||
      point >= 0xfffe,
  );
}

/** @throws {PkiError} Where the element is no Name (RFC 5280 §4.1.2.4) with strings that are what they say. */
export function checkName(name: Element | undefined): void {
  for (const set of within(name)) {
    const attributes = within(set, tag.set);
    if (attributes.length === 0) throw odd('its name has an empty part');
    for (const attribute of attributes) {
      const [type, value, ...more] = within(attribute);
      oidOf(type);
      const fits = value && strings[value.tag]?.(value.content);
      if (!fits || more.length > 0) {
        throw odd('its name has characters that its string types do not allow');
      }
    }
  }
}

/** Attribute types of RFC 4519 that are read. */
export const attributeType = { commonName: '2.5.4.3', organization: '2.5.4.10' } as const;

/** The first value of an attribute in the DER of a Name that was checked; undefined where it has none. */
export function attributeIn(name: Uint8Array, type: string): string | undefined {
  const attributes = within(only(name)).flatMap((set) => within(set, tag.set));
  const values = attributes.map((one) => within(one));
  const [, value] = values.find(([id]) => oidOf(id) === type) ?? [];
  return value && textOf(value);
}

function textOf({ tag: kind, content }: Element): string {
  const octets = Buffer.from(content);
  if (kind === 30) return octets.swap16().toString('utf16le');
  return octets.toString(kind === 12 ? 'utf8' : 'latin1');
}

/** @throws {PkiError} Where the element is no time as RFC 5280 §4.1.2.5 writes one. */
export function checkTime(time: Element): void {
  const short = time.tag === 0x17;
  const text = Buffer.from(contentOf(time, short ? 0x17 : 0x18)).toString('latin1');
  // The years from 50 on are those of the century before (§4.1.2.5.1); both have the same days.
  const whole = short ? `${text >= '50' ? 19 : 20}${text}` : text;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(whole) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) {
    throw odd('its validity is not written as RFC 5280 wants it');
  }
}
