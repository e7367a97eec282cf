/** Bytes that nobody may see. */
export interface Secret {
  /** What it is called in a hit; never its content. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /**
   * Which of the bytes are secret, one for each: a key's DER also holds its algorithm and its public
   * half, which everybody may see. All of them, where it is left out.
   */
  readonly mask?: Uint8Array;
}

/** A place where a part of a secret was found. */
export interface Hit {
  readonly place: string;
  readonly secret: string;
  readonly form: Form;
}

type Form = 'bytes' | 'base64' | 'hex' | 'numbers';

export interface Canaries {
  /** The secrets that the text gives away, each once a form. */
  hits(place: string, text: string | Uint8Array): Hit[];
}

const window = 12; // bytes in a row
const fewest = 4; // secret ones among them, so that what all keys have in common is no hit

/**
 * Finds any twelve bytes in a row of the secrets: as they are, in base64 at each of its three
 * alignments (of URLs too), in hexadecimal digits of either case, and in lists of numbers, as Node
 * prints bytes; also where white space, escaped line breaks or separators are in between. A secret
 * that is shorter is found as a whole.
 */
export function canaries(secrets: Iterable<Secret>): Canaries {
  const tables = { bytes: new Table(), base64: new Table(), hex: new Table() };
  for (const { name, bytes, mask = new Uint8Array(bytes.length).fill(1) } of secrets) {
    const whole = { bytes, mask };
    const packed = without(whole, space);
    for (const form of packed.bytes.length < bytes.length ? [whole, packed] : [whole]) {
      const size = Math.min(window, form.bytes.length);
      if (size < fewest) continue;
      tables.bytes.add(
        latin1(form.bytes),
        size,
        name,
        counting(form.mask, (at) => at),
      );
      tables.hex.add(
        hex(form.bytes),
        2 * size,
        name,
        counting(form.mask, (at) => at >> 1),
        2,
      );
      addBase64(tables.base64, form, { size, name });
    }
  }
  return {
    hits: (place, text) => {
      const found = new Map<string, Hit>();
      const scan = (form: Form, table: Table, texts: Iterable<string>) => {
        for (const one of texts) {
          for (const secret of table.in(one))
            found.set(`${secret} ${form}`, { place, secret, form });
        }
      };
      const raw = latin1(Buffer.from(text));
      const packed = raw.replaceAll(/\\+[nrt]|\s/g, '');
      scan('bytes', tables.bytes, new Set([raw, packed]));
      scan('base64', tables.base64, new Set([packed, plainBase64(packed)]));
      scan('hex', tables.hex, [packed.toLowerCase().replaceAll(/0x|\\+x|[:,-]/g, '')]);
      scan('numbers', tables.bytes, numbersIn(packed));
      return [...found.values()];
    },
  };
}

interface Masked {
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

/** Pieces of text of a few lengths, each with the name of the secret that it is of. */
class Table {
  readonly #pieces = new Map<number, { names: Map<string, string>; begins: Uint8Array }>();

  /** Adds each piece of the text that holds enough of the secret. */
  add(
    text: string,
    size: number,
    name: string,
    enough: (from: number, to: number) => boolean,
    step = 1,
  ): void {
    const pieces = this.#ofSize(size);
    for (let at = 0; at + size <= text.length; at += step) {
      if (!enough(at, at + size - 1)) continue;
      pieces.names.set(text.slice(at, at + size), name);
      pieces.begins[beginning(text, at)] = 1;
    }
  }

  /** The names of the secrets of which a piece is in the text. */
  *in(text: string): Iterable<string> {
    for (const [size, { names, begins }] of this.#pieces) {
      for (let at = 0; at + size <= text.length; at += 1) {
        // Nearly every place of nearly every text ends here.
        if (begins[beginning(text, at)] === 0) continue;
        const name = names.get(text.slice(at, at + size));
        if (name !== undefined) yield name;
      }
    }
  }

  #ofSize(size: number) {
    const known = this.#pieces.get(size);
    if (known) return known;
    const pieces = { names: new Map<string, string>(), begins: new Uint8Array(1 << 22) };
    this.#pieces.set(size, pieces);
    return pieces;
  }
}

/** A number for the first four characters, of 22 bits. */
function beginning(text: string, at: number): number {
  const mixed =
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24);
  return Math.imul(mixed, 0x9e3779b1) >>> 10;
}

/** Whether enough of the bytes are secret that a piece of text stands for. */
function counting(mask: Uint8Array, byteAt: (position: number) => number) {
  const sums = new Uint32Array(mask.length + 1);
  mask.forEach((one, at) => {
    sums[at + 1] = (sums[at] ?? 0) + one;
  });
  return (from: number, to: number) =>
    (sums[byteAt(to) + 1] ?? 0) - (sums[byteAt(from)] ?? 0) >= fewest;
}

/** Of `size` bytes, base64 shows this many characters that hold nothing else, wherever they begin. */
const wholeCharacters = (size: number) => Math.floor((8 * size - 5) / 6);

function addBase64(table: Table, { bytes, mask }: Masked, of: { size: number; name: string }) {
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([new Uint8Array(before), bytes]).toString('base64');
    const first = Math.ceil((8 * before) / 6);
    const end = Math.floor((8 * (before + bytes.length)) / 6);
    const firstByte = (at: number) => ((6 * (at + first)) >> 3) - before;
    const lastByte = (at: number) => ((6 * (at + first) + 5) >> 3) - before;
    const [from, to] = [counting(mask, firstByte), counting(mask, lastByte)];
    const enough = (a: number, b: number) => from(a, b) || to(a, b);
    table.add(padded.slice(first, end), wholeCharacters(of.size), of.name, enough);
  }
}

function plainBase64(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/');
}

/** The bytes that lists of numbers stand for, such as `"data":[48,129]`. */
function* numbersIn(text: string): Iterable<string> {
  for (const [list] of text.matchAll(/\d{1,3}(,\d{1,3}){3,}/g)) {
    yield String.fromCharCode(
      ...list
        .split(',')
        .map(Number)
        .filter((one) => one < 256)
        .slice(0, 65_536),
    );
  }
}

const space = new Set([...'\t\n\v\f\r '].map((one) => one.charCodeAt(0)));

function without({ bytes, mask }: Masked, left: ReadonlySet<number>): Masked {
  const kept = [...bytes.keys()].filter((at) => !left.has(bytes[at] ?? 0));
  return {
    bytes: Uint8Array.from(kept, (at) => bytes[at] ?? 0),
    mask: Uint8Array.from(kept, (at) => mask[at] ?? 0),
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
