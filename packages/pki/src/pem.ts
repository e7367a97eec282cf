import { PkiError } from './error.ts';

/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
  /** What stands before the base64 text, as keys that are sealed by RFC 1423 have it; else empty. */
  readonly headers: Readonly<Record<string, string>>;
  /** The block as it stood. */
  readonly text: string;
}

/*
 * As Go's encoding/pem has it, since Fulcio, Rekor, the timestamp server and ct_server read by that: a block
 * begins at the start of a line and ends at the end of one. OpenSSL finds more.
 */
const block =
  /(?<=^|\n)-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n((?:[\w-]+: [^\r\n]*\r?\n)*)([ \t\r\nA-Za-z0-9+/=]*)(?<=\n)-----END \1-----[ \t]*(?:\r?\n|$)/g;

/**
 * The blocks of a PEM text, in order. Text before and between them is skipped, as openssl writes some;
 * behind the last one there may be blank lines only, since Fulcio and the timestamp server refuse
 * certificates, and Rekor a key, with more behind them.
 *
 * @throws {PkiError} Where there is none, or one is broken.
 */
export function pemBlocks(bytes: Uint8Array): PemBlock[] {
  const text = Buffer.from(bytes).toString('latin1');
  if (text.trim() === '') throw new PkiError('is empty');
  const found = [...text.matchAll(block)];
  const [begun = 0, ended = 0] = ['BEGIN ', 'END '].map(
    (mark) => text.split(`-----${mark}`).length - 1,
  );
  if (begun === 0) throw new PkiError('is not PEM');
  // One that was not found, or the end of one without its beginning, hides another from some reader.
  if (found.length !== begun || found.length !== ended) throw new PkiError(brokenPem);
  const last = found.at(-1);
  const behind = text.slice((last?.index ?? 0) + (last?.[0].length ?? 0));
  if (/[^ \t\r\n]/.test(behind)) throw new PkiError('has text behind its last PEM block');
  return found.map(([whole, label = '', head = '', body = '']) => ({
    label,
    der: fromBase64(body.replaceAll(/[ \t\r\n]/g, '')),
    headers: headersIn(head),
    text: whole,
  }));
}

const brokenPem =
  'is broken PEM: each block begins at the start of a line, and nothing stands behind its end';

function headersIn(head: string): Record<string, string> {
  const lines = head.split(/\r?\n/).filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
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
