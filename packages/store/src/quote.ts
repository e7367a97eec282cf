import type { Data, Named } from './store.ts';

const window = 12; // of a secret's bytes, this many in a row give it away
const shortest = 4; // a value below that is in every text
const most = 600; // characters

/** A foreign message on one line, and not too long. */
export function brief(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ');
  return line.length > most ? `${line.slice(0, most).toWellFormed()} ...` : line;
}

/**
 * Whether a message about a record quotes twelve bytes in a row, or all of a shorter value, of what was
 * sent: as they are or in base64.
 */
export function quotes(message: string, { ref, sent }: { ref: Named; sent: Data }): boolean {
  // The record's own name is told anyway, and may be a database's name as well.
  const foreign = message.replaceAll(ref.name, '').replaceAll(ref.namespace, '');
  const text = Buffer.from(foreign).toString('latin1');
  const texts = [text, text.replaceAll(/\\[nrt]|\s/g, '')];
  return Object.values(sent).some((value) =>
    forms(value).some((form) => texts.some((one) => shares(one, form))),
  );
}

/** A value as a message may quote it: as it is, without its line breaks, and in base64 from any byte on. */
function forms(value: Uint8Array): string[] {
  const raw = Buffer.from(value).toString('latin1');
  const encoded = [0, 1, 2].map((from) => Buffer.from(value.subarray(from)).toString('base64'));
  return [raw, raw.replaceAll(/\s/g, ''), ...encoded];
}

function shares(text: string, secret: string): boolean {
  if (secret.length < shortest) return false;
  if (secret.length < window) return text.includes(secret);
  const windows = new Set<string>();
  const begins = new Uint8Array(0x10000);
  for (let at = 0; at + window <= text.length; at += 1) {
    windows.add(text.slice(at, at + window));
    begins[pair(text, at)] = 1;
  }
  for (let at = 0; at + window <= secret.length; at += 1) {
    // A record may hold a megabyte, and nearly every place of it ends here.
    if (begins[pair(secret, at)] && windows.has(secret.slice(at, at + window))) return true;
  }
  return false;
}

/** Two characters, each of a byte, as one number. */
function pair(text: string, at: number): number {
  return (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);
}
