import { describe, expect, it } from 'vitest';
import { pem, pemBlocks, utf8 } from './pem.ts';
import { openssl, opensslCertificate } from './testing.ts';

const der = Uint8Array.from({ length: 100 }, (_, index) => index);
const one = pem('CERTIFICATE', der);

describe('pem', () => {
  it.each([1, 47, 48, 49, 96, 100])('writes %i bytes as openssl does', (length) => {
    const text = Buffer.from(pem('X', der.subarray(0, length))).toString();
    const body = openssl(['base64', '-e'], der.subarray(0, length)).toString();
    expect(text).toBe(`-----BEGIN X-----\n${body}-----END X-----\n`);
  });
});

describe('pemBlocks', () => {
  it.each([
    ['as it was written', (text: string) => text],
    ['with carriage returns', (text: string) => text.replaceAll('\n', '\r\n')],
    ['with text before it', (text: string) => `subject=x\n\n${text}`],
    ['with blank lines behind it', (text: string) => `${text}\n \r\n\n`],
    ['with blanks behind its end', (text: string) => text.replaceAll(/-----\n/g, '----- \t\n')],
    ['without a line feed at its end', (text: string) => text.trimEnd()],
    ['on lines of another length', () => wrapped(30)],
    ['on one line', () => wrapped(1_000)],
  ])('reads a block %s', (_how, change) => {
    const blocks = pemBlocks(utf8(change(Buffer.from(one).toString())));
    expect(blocks.map((block) => [block.label, block.der])).toEqual([['CERTIFICATE', der]]);
  });

  it('reads what openssl writes with its notes around it', () => {
    const { certificate } = opensslCertificate({ subject: '/CN=x', extensions: [] });
    const noted = openssl(['x509', '-text'], certificate);
    expect(pemBlocks(noted)[0]?.der).toEqual(pemBlocks(certificate)[0]?.der);
  });

  it('reads text between two blocks', () => {
    expect(pemBlocks(utf8(`${Buffer.from(one)}\nissuer=y\n${Buffer.from(one)}`))).toHaveLength(2);
  });

  it('keeps the headers of an encrypted key with its text, and out of its bytes', () => {
    const key = openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout']);
    const sealed = openssl(['ec', '-aes256', '-passout', 'pass:x'], key);
    const [block] = pemBlocks(sealed);
    expect(block?.headers).toEqual({
      'Proc-Type': '4,ENCRYPTED',
      'DEK-Info': expect.stringMatching(/^AES-256-CBC,[0-9A-F]{32}$/),
    });
    expect(block?.der).not.toHaveLength(0);
  });

  it.each([
    ['nothing', '', 'is empty'],
    ['white space', ' \r\n\t', 'is empty'],
    ['other text', 'hello', 'is not PEM'],
    ['random bytes', '\0\x8f\xff\x01', 'is not PEM'],
    ['a block without an end', '-----BEGIN X-----\nAAAA\n', 'is broken PEM'],
    ['a block with another end', '-----BEGIN X-----\nAAAA\n-----END Y-----\n', 'is broken PEM'],
    ['a second block that breaks off', `${Buffer.from(one)}-----BEGIN X-----\nAA`, 'is broken PEM'],
    ['a letter that is not base64', '-----BEGIN X-----\nA*AA\n-----END X-----\n', 'is broken PEM'],
    ['padding in the middle', '-----BEGIN X-----\nAA==AAAA\n-----END X-----\n', 'is broken PEM'],
    ['a byte order mark', `\xef\xbb\xbf${Buffer.from(one)}`, 'is broken PEM'],
    [
      'a block that is indented',
      Buffer.from(one).toString().replaceAll(/^/gm, '  '),
      'is broken PEM',
    ],
    ['two that are glued', `${Buffer.from(one)}`.trimEnd() + Buffer.from(one), 'is broken PEM'],
    ['text behind an end', `${`${Buffer.from(one)}`.trimEnd()} # mine\n`, 'is broken PEM'],
    ['an end without its beginning', `-----END X-----\n${Buffer.from(one)}`, 'is broken PEM'],
    [
      'text behind the last block',
      `${Buffer.from(one)}# end\n`,
      'has text behind its last PEM block',
    ],
    ['a length that is no length', '-----BEGIN X-----\nAAAAA\n-----END X-----\n', 'is broken PEM'],
  ])('refuses %s', (_what, text, message) => {
    expect(() => pemBlocks(Buffer.from(text, 'latin1'))).toThrow(message);
  });

  it('takes no time over a megabyte of openings', () => {
    const start = performance.now();
    expect(() => pemBlocks(utf8('-----BEGIN X-----\n'.repeat(60_000)))).toThrow('is broken PEM');
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

function wrapped(columns: number): string {
  const body = Buffer.from(der).toString('base64');
  const lines = body.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
