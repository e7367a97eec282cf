import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openssl, withFiles } from './testing.ts';
import { readForm } from './x509-form.ts';
import { attributeIn, attributeType } from './x509-names.ts';

/** The subject of a certificate that openssl makes with strings of these types. */
function subjectOf(name: string, mask = 'utf8only'): Uint8Array {
  const config = `[req]\ndistinguished_name=name\nstring_mask=${mask}\n[name]\n`;
  return withFiles({ config }, (path) => {
    const pem = openssl([
      ...['req', '-x509', '-nodes', '-config', path('config'), '-utf8', '-multivalue-rdn'],
      ...['-subj', name, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      ...['-keyout', path('key')],
    ]);
    return readForm(new X509Certificate(pem).raw).subject;
  });
}

const { commonName, organization } = attributeType;

describe('an attribute of a name', () => {
  // Bits of string_mask, by ASN1_tag2bit(3).
  it.each([
    ['UTF8String', 'utf8only', 'Grüße, 日本'],
    ['PrintableString', 'MASK:0x2', 'Team (a+b), c'],
    ['T61String', 'MASK:0x4', 'Grüße'],
    ['IA5String', 'MASK:0x10', 'a@example.com'],
    ['BMPString', 'MASK:0x800', 'Grüße, 日本'],
  ])('is read as it is written, as %s', (_type, mask, text) => {
    const name = subjectOf(`/CN=${text.replaceAll('+', '\\+')}`, mask);
    expect(attributeIn(name, commonName)).toBe(text);
    expect(attributeIn(name, organization)).toBeUndefined();
  });

  it('is the first of its type, and not escaped', () => {
    const name = subjectOf('/OU=x/O=A, "B"; <c>+CN= \\\\#\\+/O=other/CN=another');
    expect(attributeIn(name, organization)).toBe('A, "B"; <c>');
    expect(attributeIn(name, commonName)).toBe(' \\#+');
  });
});
