import { isIP } from 'node:net';
import { type Element, elements, within } from './der.ts';

/*
 * GeneralName (RFC 5280 §4.2.1.6), as far as Go reads it. What Go reads by parsers of its own, such as URIs
 * and mail addresses, has to be plain here: stricter than Go is, and one rule that all readers share.
 */

const email = 0x81;
const dns = 0x82;
const uri = 0x86;
const address = 0x87;
/** otherName, x400Address, directoryName, ediPartyName, registeredID: passed over. */
const others = [0xa0, 0xa3, 0xa4, 0xa5, 0x88];

const label = '[A-Za-z0-9_-]+';
const domain = new RegExp(`^${label}(\\.${label})*$`);
// RFC 3986: scheme, then an authority of a plain host, or none, then characters that may stand there.
const plainUri = new RegExp(
  `^[A-Za-z][A-Za-z0-9+.-]*:(?://(?:${label}(?:\\.${label})*(?::\\d{1,5})?)?(?=[/?#]|$)|(?!//))(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*$`,
);
const mailbox = new RegExp(`^[A-Za-z0-9!#$%&'*+/=?^_\`{|}~.-]+@${label}(\\.${label})*$`);

function text({ content }: Element): string {
  return Buffer.from(content).toString('latin1');
}

/** Whether a name is one of the kinds that a constraint can be about. */
export function isConstrainable(name: Element): boolean {
  return [email, dns, uri, address].includes(name.tag);
}

/** Whether the names of subjectAltName are well formed: ASCII, URIs that are URIs, whole addresses. */
export function areNames(value: Element): boolean {
  const names = within(value);
  return names.length > 0 && names.every(isName);
}

function isName(name: Element): boolean {
  switch (name.tag) {
    case email:
    case dns:
      return name.content.every((octet) => octet < 0x80);
    case uri:
      return (text(name).match(/#/g) ?? []).length <= 1 && plainUri.test(text(name));
    case address:
      return [4, 16].includes(name.content.length);
    default:
      return others.includes(name.tag);
  }
}

/** NameConstraints (RFC 5280 §4.2.1.10): whether they are well formed, and whether Go knows all their kinds. */
export function nameConstraints(value: Element): { wellFormed: boolean; known: boolean } {
  const lists = within(value);
  const tags = lists.map((list) => list.tag);
  const subtrees = lists.flatMap((list) => elements(list.content));
  const bases = subtrees.map((subtree) => within(subtree));
  // One base and nothing else: minimum is 0 and maximum absent (RFC 5280).
  const single = bases.every((parts) => parts.length === 1);
  const names = bases.flat();
  return {
    wellFormed:
      single &&
      names.length > 0 &&
      ['160', '161', '160,161'].includes(String(tags)) &&
      names.every(isBase),
    known: names.every(isConstrainable),
  };
}

function isBase(base: Element): boolean {
  const what = text(base);
  const isDomain = what === '' || domain.test(what.replace(/^\./, ''));
  switch (base.tag) {
    case email:
      return mailbox.test(what) || isDomain;
    case dns:
      return isDomain;
    case uri:
      return isDomain && isIP(what) === 0;
    case address:
      return isRange(base.content);
    default:
      return others.includes(base.tag);
  }
}

/** An address and a mask of as many octets, whose ones come first. */
function isRange(octets: Uint8Array): boolean {
  const mask = [...octets.subarray(octets.length / 2)];
  const bits = mask.map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return [8, 32].includes(octets.length) && /^1*0*$/.test(bits);
}
