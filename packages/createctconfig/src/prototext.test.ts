import { describe, expect, it } from 'vitest';
import { List, type Message, parseText, writeText } from './prototext.ts';

const bytes = (...values: number[]) => new Uint8Array(values);
const text = (value: string) => new Uint8Array(Buffer.from(value));

describe('protobuf text', () => {
  it('reads back whatever it writes', () => {
    const message: Message = [
      ['log_id', '9223372036854775807'],
      ['prefix', text('a "quoted" \\ path\n')],
      ['der', new Uint8Array(Array.from({ length: 256 }, (_, value) => value))],
      ['private_key', [['[type.googleapis.com/keyspb.PEMKeyFile]', [['path', text('/x')]]]]],
      ['empty', []],
      ['paths', new List([text('/x'), text('/y')])],
      ['backend', new List([[['name', text('a')]], []])],
      ['none', new List([])],
    ];
    expect(parseText(text(writeText(message)))).toEqual(message);
  });

  it.each<[string, string, Message]>([
    [
      'one line without separators',
      'a:1 b:"x"',
      [
        ['a', '1'],
        ['b', text('x')],
      ],
    ],
    [
      'commas and semicolons',
      'a: 1, b: 2; c: 3',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
    ],
    ['comments', '# first\na: 1 # last', [['a', '1']]],
    [
      'a message with and without a colon',
      'a: {b: 1} c {d: 2}',
      [
        ['a', [['b', '1']]],
        ['c', [['d', '2']]],
      ],
    ],
    ['angle brackets', 'a < b: true >', [['a', [['b', 'true']]]]],
    ['a list', 'a: ["x", \'y\']', [['a', new List([text('x'), text('y')])]]],
    ['a list of messages', 'a [{b: 1}, {b: 2}]', [['a', new List([[['b', '1']], [['b', '2']]])]]],
    [
      'an empty list',
      'a: [] b: -1.5e3',
      [
        ['a', new List([])],
        ['b', '-1.5e3'],
      ],
    ],
    ['strings that follow one another', 'a: "x" \n \'y\'', [['a', text('xy')]]],
    [
      'a type with white space',
      '[ type.googleapis.com / a.B ] {}',
      [['[type.googleapis.com/a.B]', []]],
    ],
    ['a # in a string', 'a: "#1"', [['a', text('#1')]]],
    [
      'escapes',
      String.raw`a: "\x0\xfF\377\12\u00e9\U0001F600\"\'\?\\\a\n"`,
      [['a', bytes(0, 255, 255, 10, ...Buffer.from('é😀"\'?\\'), 7, 10)]],
    ],
  ])('reads %s', (_what, source, message) => {
    expect(parseText(text(source))).toEqual(message);
  });

  it.each([
    ['a string that does not end', 'a: 1\nb: "hunter2'],
    ['a message that does not end', 'a: 1\nb {'],
    ['an end without a beginning', 'a: 1\n}'],
    ['another end', 'a: 1\na { b: 1 >'],
    ['a scalar without a colon', 'a: 1\na "hunter2"'],
    ['a field without a value', 'a: 1\nb:'],
    ['an unknown escape', 'a: 1\nb: "\\q"'],
    ['an octal escape above a byte', 'a: 1\nb: "\\777"'],
    ['a lone surrogate', 'a: 1\nb: "\\ud800"'],
    ['a list without commas', 'a: 1\nb: [1 2]'],
    ['a list in a list', 'a: 1\nb: [[1]]'],
    ['an empty list without a colon', 'a: 1\nb []'],
    ['a list of scalars without a colon', 'a: 1\nb ["hunter2"]'],
    ['binary', 'a: 1\n\x00\x12'],
  ])('refuses %s with its line, and does not quote it', (_what, source) => {
    expect(() => parseText(text(source))).toThrow(
      /^is not protobuf in text form: line 2 cannot be read$/,
    );
  });

  it('refuses messages nested without end', () => {
    expect(() => parseText(text('a{'.repeat(100_000)))).toThrow('line 1 cannot be read');
  });
});
