import { pemBlocks } from '@sigstand/pki/pem';
import {
  type Attribute,
  critical,
  extendedKeyUsage,
  ids,
  keyUsage,
  purposes,
  type Spec,
} from './certificates.ts';
import {
  bits,
  element,
  hex,
  integer,
  latin1,
  nothing,
  octets,
  oid,
  sequence,
} from './der-writer.ts';
import { inForm, key, publicDer } from './keys.ts';

/* What certificates of all makers have in them: some of it is odd, some is wrong, and some is only rare. */

type Change = (spec: Spec) => Spec;

const withExtension =
  (id: string, value: Uint8Array, flag?: Uint8Array): Change =>
  (spec) => ({
    ...spec,
    extensions: [
      ...spec.extensions.filter((one) => one.id !== id),
      { id, value, ...(flag && { critical: flag }) },
    ],
  });
const without =
  (id: string): Change =>
  (spec) => ({ ...spec, extensions: spec.extensions.filter((one) => one.id !== id) });
const named =
  (...attributes: Attribute[]): Change =>
  (spec) => ({ ...spec, subject: [...spec.subject, ...attributes.map((one) => [one])] });
const valid =
  (...times: Uint8Array[]): Change =>
  (spec) => ({ ...spec, validity: [...times, ...spec.validity.slice(times.length)] });
const text = (tag: number, content: string) => element(tag, latin1(content));
const names = (...all: Uint8Array[]) => withExtension(ids.names, sequence(...all));
const uri = (content: string) => names(text(0x86, content));
const cn = (tag: number, content: string) => named(['2.5.4.3', tag, content]);
const basic = (...parts: Uint8Array[]) =>
  withExtension(ids.basicConstraints, sequence(...parts), critical);
const yes = element(0x01, hex('ff'));
const constraints = (value: Uint8Array, flag?: Uint8Array) =>
  withExtension('2.5.29.30', value, flag);
const permitted = (...bases: Uint8Array[]) =>
  sequence(element(0xa0, ...bases.map((base) => sequence(base))));
const info = '1.3.6.1.5.5.7.1.1';
const usage = (...list: string[]): Change => {
  const { id, value } = extendedKeyUsage(...list);
  return withExtension(id, value);
};

export const oddities: Readonly<Record<string, Change>> = {
  'serial negative': (spec) => ({ ...spec, serial: 'f1234567' }),
  'serial zero': (spec) => ({ ...spec, serial: '00' }),
  'serial padded': (spec) => ({ ...spec, serial: '0001' }),
  'serial of 25 octets': (spec) => ({ ...spec, serial: '11'.repeat(25) }),
  'serial of none': (spec) => ({ ...spec, serial: '' }),
  'printable with @': cn(0x13, 'a@b'),
  'printable with * and &': cn(0x13, 'a*&b'),
  'utf8 that is none': cn(0x0c, 'a\xffb'),
  'utf8 of umlauts': cn(0x0c, '\xc3\xbc'),
  'utf8 surrogate': cn(0x0c, '\xed\xa0\x80'),
  teletex: cn(0x14, 'a\xfcb'),
  bmp: cn(0x1e, '\0a\0b'),
  'bmp of odd length': cn(0x1e, '\0a\0'),
  'bmp surrogate': cn(0x1e, '\xd8\0'),
  ia5: named(['1.2.840.113549.1.9.1', 0x16, 'a@b']),
  'ia5 that is none': named(['1.2.840.113549.1.9.1', 0x16, 'a\xe4b']),
  numeric: cn(0x12, '12 3'),
  'numeric with letters': cn(0x12, '12a'),
  universal: cn(0x1c, '\0\0\0a'),
  visible: cn(0x1a, 'a'),
  'name with two in one': (spec) => ({ ...spec, subject: [spec.subject.flat()] }),
  'name with none in one': (spec) => ({ ...spec, subject: [...spec.subject, []] }),
  'name empty': (spec) => ({ ...spec, subject: [] }),
  'issuer in other letters': (spec) => ({
    ...spec,
    issuer: spec.subject.map((one) =>
      one.map(([type, tag, said]) => [type, tag, said.toUpperCase()] as const),
    ),
  }),
  'time with a zone': valid(text(0x17, '250101000000+0100')),
  'time without seconds': valid(text(0x17, '2501010000Z')),
  'time of a day that is none': valid(text(0x17, '250230000000Z')),
  'time of second 60': valid(text(0x17, '250101000060Z')),
  'time in full': valid(text(0x18, '20250101000000Z')),
  'time with a fraction': valid(text(0x18, '20250101000000.5Z')),
  'time of 1951': valid(text(0x17, '510101000000Z')),
  'time as text': valid(text(0x13, '250101000000Z')),
  'three times': (spec) => ({ ...spec, validity: [...spec.validity, spec.validity[0]!] }),
  'version 1': (spec) => ({ ...spec, version: [], extensions: [] }),
  'version 1 with extensions': (spec) => ({ ...spec, version: [] }),
  'version 2': (spec) => ({ ...spec, version: [element(0xa0, integer('01'))] }),
  'version 4': (spec) => ({ ...spec, version: [element(0xa0, integer('03'))] }),
  'unique IDs': (spec) => ({ ...spec, ids: [element(0x81, hex('00aa'))] }),
  'something behind': (spec) => ({ ...spec, behind: [nothing()] }),
  'an extension twice': (spec) => ({
    ...spec,
    extensions: [...spec.extensions, ...spec.extensions.slice(0, 1)],
  }),
  'an extension of its own': withExtension('1.2.3.4', hex('ffff')),
  'a critical one of its own': withExtension('1.2.3.4', nothing(), critical),
  'critical that says FALSE': withExtension('1.2.3.4', nothing(), element(0x01, hex('00'))),
  'critical that says 1': withExtension('1.2.3.4', nothing(), element(0x01, hex('01'))),
  'critical policies': withExtension('2.5.29.32', sequence(sequence(oid('1.2.3'))), critical),
  'policies twice': withExtension(
    '2.5.29.32',
    sequence(sequence(oid('1.2.3')), sequence(oid('1.2.3'))),
  ),
  'policies that are none': withExtension('2.5.29.32', sequence(nothing())),
  'policy mappings': withExtension('2.5.29.33', sequence(sequence(oid('1.2.3'), oid('1.2.4')))),
  'explicit policy': withExtension('2.5.29.36', sequence(element(0x80, hex('00'))), critical),
  'no mapping': withExtension('2.5.29.36', sequence(element(0x81, hex('00'))), critical),
  'no any policy': withExtension('2.5.29.54', integer('00'), critical),
  'CRL point': withExtension(
    '2.5.29.31',
    sequence(sequence(element(0xa0, element(0xa0, text(0x86, 'http://a/b'))))),
  ),
  'CRL point, relative': withExtension(
    '2.5.29.31',
    sequence(sequence(element(0xa0, element(0xa1, nothing())))),
  ),
  'CRL point, none': withExtension('2.5.29.31', sequence(nothing())),
  'issuer access': withExtension(
    info,
    sequence(sequence(oid('1.3.6.1.5.5.7.48.2'), text(0x86, 'http://a'))),
  ),
  'issuer access, critical': withExtension(info, sequence(), critical),
  'issuer access, malformed': withExtension(info, sequence(nothing())),
  'authority key': withExtension(ids.authorityKey, sequence(element(0x80, hex('0102')))),
  'authority key, critical': withExtension(ids.authorityKey, sequence(), critical),
  'authority key, malformed': withExtension(ids.authorityKey, nothing()),
  'subject key, critical': withExtension(ids.subjectKey, octets(hex('01')), critical),
  'subject key, malformed': withExtension(ids.subjectKey, nothing()),
  'issuer’s other names': withExtension('2.5.29.18', sequence(text(0x86, 'http://[bad'))),
  'promises that are none': withExtension('1.3.6.1.4.1.11129.2.4.2', octets(hex('0001'))),
  poison: withExtension('1.3.6.1.4.1.11129.2.4.3', nothing(), critical),
  'address blocks': withExtension('1.3.6.1.5.5.7.1.7', sequence(hex('300602'))),
  'subject access': withExtension('1.3.6.1.5.5.7.1.11', sequence(nothing())),
  'Netscape’s': withExtension('2.16.840.1.113730.1.1', bits(hex('07'))),
  'name, mail': names(text(0x81, 'a@example.com')),
  'name, mail that is none': names(text(0x81, 'a\xe4')),
  'name, host': names(text(0x82, 'a.example.com')),
  'name, host that is none': names(text(0x82, 'a..b.')),
  'name, address': names(element(0x87, hex('0a000001'))),
  'name, address of five': names(element(0x87, hex('0a00000101'))),
  'name, directory': names(element(0xa4, sequence())),
  'name, directory, critical': withExtension(
    ids.names,
    sequence(element(0xa4, sequence())),
    critical,
  ),
  'name, none': names(),
  'name, unknown': names(text(0x8f, 'x')),
  'name, constructed mail': names(element(0xa1, text(0x16, 'a@b'))),
  'name, URI': uri('https://example.com/a?b=c#d'),
  'name, URI, SPIFFE': uri('spiffe://example.org/ns/a'),
  'name, URN': uri('urn:a:b'),
  'name, URI of bad host': uri('http://[bad'),
  'name, URI of blank': uri('http://a b/'),
  'name, URI of bad escape': uri('http://a/%zz'),
  'name, URI of bad port': uri('http://a:b/'),
  'name, URI with a user': uri('http://u:p@a/'),
  'name, URI of IPv6': uri('http://[::1]/'),
  'name, URI that ends in a dot': uri('http://a./'),
  'name, URI with two dots': uri('http://a..b/'),
  'name, URI without scheme': uri('a/b'),
  'name, URI with a colon first': uri('1a:b'),
  'name, URI with a control': uri('http://a/\x01'),
  'constraints, host': constraints(permitted(text(0x82, 'example.com')), critical),
  'constraints, with a dot': constraints(permitted(text(0x82, '.example.com'))),
  'constraints, odd host': constraints(permitted(text(0x82, 'a..b'))),
  'constraints, mail': constraints(permitted(text(0x81, 'example.com')), critical),
  // Whom the client's property signs for: what a CA excludes on purpose is no fault.
  'constraints, mailbox': constraints(permitted(text(0x81, 'somebody@example.com'))),
  'constraints, odd mailbox': constraints(permitted(text(0x81, 'a@b@c'))),
  'constraints, URI': constraints(permitted(text(0x86, '.example.com'))),
  'constraints, URI of an address': constraints(permitted(text(0x86, '10.0.0.1'))),
  'constraints, addresses': constraints(
    permitted(element(0x87, hex('0a000000ff000000'))),
    critical,
  ),
  'constraints, odd mask': constraints(permitted(element(0x87, hex('0a000000ff00ff00')))),
  'constraints, directory': constraints(permitted(element(0xa4, sequence()))),
  'constraints, directory, critical': constraints(permitted(element(0xa4, sequence())), critical),
  'constraints, with a minimum': constraints(
    sequence(element(0xa0, sequence(text(0x82, 'a'), element(0x80, hex('01'))))),
  ),
  'constraints, none': constraints(sequence()),
  'constraints, twice': constraints(
    sequence(element(0xa0, sequence(text(0x82, 'a'))), element(0xa1, sequence(text(0x82, 'b.a')))),
  ),
  'purposes, code': usage(purposes.codeSigning),
  'purposes, time': usage(purposes.timeStamping),
  'purposes, both': usage(purposes.codeSigning, purposes.timeStamping),
  'purposes, any': usage('2.5.29.37.0'),
  'purposes, server': usage('1.3.6.1.5.5.7.3.1'),
  'purposes, unknown': usage('1.2.3'),
  'purposes, none': usage(),
  'no purposes': without(ids.extKeyUsage),
  'purposes, critical': withExtension(
    ids.extKeyUsage,
    sequence(oid(purposes.timeStamping)),
    critical,
  ),
  'no usage': without(ids.keyUsage),
  'usage, signatures': withExtension(ids.keyUsage, keyUsage('80', 7), critical),
  'usage, none': withExtension(ids.keyUsage, bits(hex('')), critical),
  'usage, with other bits': withExtension(ids.keyUsage, keyUsage('07', 1), critical),
  'no constraints': without(ids.basicConstraints),
  'not a CA': basic(),
  'a CA': basic(yes),
  'CA that says FALSE': basic(element(0x01, hex('00'))),
  'CA that says 1': basic(element(0x01, hex('01'))),
  'path length 0': basic(yes, integer('00')),
  'path length 1': basic(yes, integer('01')),
  'path length below 0': basic(yes, integer('ff')),
  'path length without CA': basic(integer('00')),
  'something behind the path length': basic(yes, integer('03'), nothing()),
  'signed by SHA-1': (spec) => ({ ...spec, digest: 'sha1' }),
  'signed by SHA-224': (spec) => ({ ...spec, digest: 'sha224' }),
  'signed by SHA-384': (spec) => ({ ...spec, digest: 'sha384' }),
  'signed by SHA-512': (spec) => ({ ...spec, digest: 'sha512' }),
  'two algorithms': (spec) => ({ ...spec, outer: sequence(oid('1.2.840.10045.4.3.3')) }),
  'algorithm with NULL': (spec) => ({
    ...spec,
    inner: sequence(oid('1.2.840.10045.4.3.2'), nothing()),
  }),
  'point compressed': (spec) => ({ ...spec, spki: ofEc(spec, '-conv_form', 'compressed') }),
  'parameters explicit': (spec) => ({ ...spec, spki: ofEc(spec, '-param_enc', 'explicit') }),
  'a long length': (spec) => ({
    ...spec,
    finish: (der) => Buffer.concat([hex('3083'), hex('00'), der.subarray(2)]),
  }),
  'something behind the signature': (spec) => ({
    ...spec,
    finish: (der) => Buffer.concat([der, hex('00')]),
  }),
};

function ofEc({ key: own }: Spec, ...form: string[]): Uint8Array {
  const one = own.asymmetricKeyType === 'ec' ? own : key('P-256');
  const [block] = pemBlocks(inForm(one, 'ec', '-pubout', ...form));
  return block?.der ?? publicDer(one);
}
