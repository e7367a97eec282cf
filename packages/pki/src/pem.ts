import { PkiError } from './error.ts';

/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
  /** The block as it stood, for readers of encrypted keys, whose headers belong to it (RFC 1423). */
  readonly text: string;
}

const block =
  /-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n((?:[\w-]+: [^\r\n]*\r?\n)*)([\sA-Za-z0-9+/=]*)-----END \1-----/g;

/**
 * The blocks of a PEM text, in order. Text between blocks is skipped, as openssl writes some.
 *
 * @throws {PkiError} Where there is none, or one is broken.
 */
export function pemBlocks(bytes: Uint8Array): PemBlock[] {
  const text = Buffer.from(bytes).toString('latin1');
  if (text.trim() === '') throw new PkiError('is empty');
  const blocks = [...text.matchAll(block)].map(([whole, label = '', , body = '']) => ({
    label,
    der: fromBase64(body.replaceAll(/\s/g, '')),
    text: `${whole}\n`,
  }));
  const begun = text.split('-----BEGIN ').length - 1;
  if (begun === 0) throw new PkiError('is not PEM');
  if (blocks.length !== begun) throw new PkiError('is broken PEM');
  return blocks;
}

/** Strictly, as Go's readers do: Node itself stops in silence at the first odd character. */
function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new PkiError('is broken PEM');
  return new Uint8Array(bytes);
}

/** One PEM block with 64 columns and a line feed at its end. */
export function pem(label: string, der: Uint8Array): Uint8Array {
  const body = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return utf8(`-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`);
}

export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}

export function fromUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
