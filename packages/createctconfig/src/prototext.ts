/*
 * Protobuf's text format (https://protobuf.dev/reference/protobuf/textformat-spec/) without a schema:
 * enough to write ct_server's configuration, and to read any that it would read.
 */

/** What stands after a field's name: a bare word or number, a quoted string's bytes, or a message. */
export type Value = string | Uint8Array | Message;
export type Message = readonly Field[];
export type Field = readonly [name: string, value: Value | List];

/** Values in brackets, which a field of one value may not have, were it only one. */
export class List {
  readonly values: readonly Value[];

  constructor(values: readonly Value[]) {
    this.values = values;
  }
}

/** The values of a field, in brackets or not. */
export function valuesIn(value: Value | List): readonly Value[] {
  return value instanceof List ? value.values : [value];
}

/** Text that is not in the format. Only the line is told: a configuration holds a password. */
export class ProtoTextError extends Error {
  override readonly name = 'ProtoTextError';
  readonly fault = 'data';
}

/** The message as text, one field a line. */
export function writeText(message: Message, indent = ''): string {
  return message.map((field) => `${indent}${written(field, indent)}\n`).join('');
}

function written([name, value]: Field, indent: string): string {
  if (!(value instanceof List)) {
    return `${name}${Array.isArray(value) ? ' ' : ': '}${valueText(value, indent)}`;
  }
  return `${name}: [${value.values.map((one) => valueText(one, indent)).join(', ')}]`;
}

function valueText(value: Value, indent: string): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `"${escaped(value)}"`;
  return `{\n${writeText(value, `${indent}  `)}${indent}}`;
}

// Always three octal digits, so that a digit that follows cannot be taken for one of them.
function escaped(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(/[^ !#-[\]-~]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/**
 * The fields of a message in text, in their order.
 *
 * @throws {ProtoTextError}
 */
export function parseText(bytes: Uint8Array): Message {
  return parseMessage(tokensOf(Buffer.from(bytes).toString('latin1')), undefined, 0);
}

interface Token {
  readonly kind: 'word' | 'mark' | 'string' | 'end';
  readonly text: string;
  readonly line: number;
}

/** Tokens yet to be read. */
interface Tokens {
  readonly all: readonly Token[];
  next: number;
}

const lexeme =
  /(?<blank>\s+|#.*)|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<word>[\w.+-]+)|(?<mark>[{}<>[\]:;,/])/y;

function tokensOf(text: string): Tokens {
  const all: Token[] = [];
  const pattern = new RegExp(lexeme);
  let line = 1;
  while (pattern.lastIndex < text.length) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw wrong(line);
    const { blank, string, word, mark } = groups;
    if (string !== undefined) all.push({ kind: 'string', text: string.slice(1, -1), line });
    else if (word !== undefined) all.push({ kind: 'word', text: word, line });
    else if (mark !== undefined) all.push({ kind: 'mark', text: mark, line });
    line += (blank ?? '').split('\n').length - 1;
  }
  all.push({ kind: 'end', text: '', line });
  return { all, next: 0 };
}

const deepest = 32;

/** The fields up to the mark that ends the message, or up to the text's end. */
function parseMessage(tokens: Tokens, end: string | undefined, depth: number): Message {
  const fields: Field[] = [];
  if (depth > deepest) throw wrong(peek(tokens).line);
  while (!isEnd(peek(tokens), end)) {
    const name = parseName(tokens);
    const colon = take(tokens, ':');
    fields.push([name, parseValues(tokens, colon, depth)]);
    if (!take(tokens, ',')) take(tokens, ';');
  }
  tokens.next += 1;
  return fields;
}

function isEnd(token: Token, end: string | undefined): boolean {
  return end === undefined ? token.kind === 'end' : token.kind === 'mark' && token.text === end;
}

/** A field's name, or in brackets that of an extension or of the type that an Any holds. */
function parseName(tokens: Tokens): string {
  if (!take(tokens, '[')) return expectWord(tokens);
  let name = '';
  while (!take(tokens, ']')) name += take(tokens, '/') ? '/' : expectWord(tokens);
  return `[${name}]`;
}

function parseValues(tokens: Tokens, colon: boolean, depth: number): Value | List {
  if (!take(tokens, '[')) return parseValue(tokens, colon, depth);
  const values: Value[] = [];
  // An empty list tells not of what: it may do without the colon only where it is one of messages.
  if (!colon && peek(tokens).text === ']') throw wrong(peek(tokens).line);
  while (!take(tokens, ']')) {
    if (values.length > 0 && !take(tokens, ',')) throw wrong(peek(tokens).line);
    values.push(parseValue(tokens, colon, depth));
  }
  return new List(values);
}

/** A scalar needs the colon after its field's name, a message may do without. */
function parseValue(tokens: Tokens, colon: boolean, depth: number): Value {
  if (take(tokens, '{')) return parseMessage(tokens, '}', depth + 1);
  if (take(tokens, '<')) return parseMessage(tokens, '>', depth + 1);
  if (!colon) throw wrong(peek(tokens).line);
  return peek(tokens).kind === 'string' ? parseString(tokens) : expectWord(tokens);
}

/** Strings that follow one another are one. */
function parseString(tokens: Tokens): Uint8Array {
  const parts: Buffer[] = [];
  for (let token = peek(tokens); token.kind === 'string'; token = peek(tokens)) {
    parts.push(unescaped(token));
    tokens.next += 1;
  }
  return new Uint8Array(Buffer.concat(parts));
}

const escapes =
  /\\(?:(?<octal>[0-7]{1,3})|[xX](?<hex>[\da-fA-F]{1,2})|u(?<unicode>[\da-fA-F]{4})|U(?<wide>[\da-fA-F]{8})|(?<char>.))/gs;
const controls: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unescaped({ text, line }: Token): Buffer {
  const binary = text.replaceAll(escapes, (...match) => {
    const { octal, hex, unicode, wide, char = '' } = match.at(-1) as Record<string, string>;
    if (octal !== undefined) return byte(Number.parseInt(octal, 8), line);
    if (hex !== undefined) return byte(Number.parseInt(hex, 16), line);
    const point = unicode ?? wide;
    if (point !== undefined) return utf8Binary(Number.parseInt(point, 16), line);
    if (/[\\'"?]/.test(char)) return char;
    return controls[char] ?? fail(line);
  });
  return Buffer.from(binary, 'latin1');
}

function byte(value: number, line: number): string {
  return value < 256 ? String.fromCharCode(value) : fail(line);
}

function utf8Binary(point: number, line: number): string {
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  if (surrogate || point > 0x10ffff) return fail(line);
  return Buffer.from(String.fromCodePoint(point), 'utf8').toString('latin1');
}

function peek({ all, next }: Tokens): Token {
  return all[next] ?? { kind: 'end', text: '', line: 0 };
}

/** Steps over the mark, if it is next. */
function take(tokens: Tokens, mark: string): boolean {
  const { kind, text } = peek(tokens);
  if (kind !== 'mark' || text !== mark) return false;
  tokens.next += 1;
  return true;
}

function expectWord(tokens: Tokens): string {
  const { kind, text, line } = peek(tokens);
  if (kind !== 'word') throw wrong(line);
  tokens.next += 1;
  return text;
}

function wrong(line: number): ProtoTextError {
  return new ProtoTextError(`is not protobuf in text form: line ${line} cannot be read`);
}

function fail(line: number): never {
  throw wrong(line);
}
