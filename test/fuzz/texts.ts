import fc from 'fast-check';
import { at, type Change, changes, octets } from './mutations.ts';

const odd = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  'x',
  '0'.repeat(64),
  '\n\u0000',
  '__proto__',
  '../x',
  'x'.repeat(5_000),
  [],
  {},
  [[]],
  { sha256: 1 },
  '2030-02-30T25:00:00Z',
  '2030-01-01T00:00:00Z',
];

/** A JSON text with values lost, exchanged, and replaced with others. */
export function jsonTexts(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const inside = fc.tuple(fc.nat({ max: samples.length - 1 }), changes).map(([index, all]) => {
    const document = { top: JSON.parse(Buffer.from(samples[index]!).toString()) };
    for (const change of all) changeJson(document, change);
    return new Uint8Array(Buffer.from(JSON.stringify(document.top) ?? ''));
  });
  return fc.oneof({ weight: 4, arbitrary: inside }, { weight: 1, arbitrary: octets(samples) });
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON
function changeJson(document: any, [kind, where, what]: Change): void {
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  const places: [any, string][] = [];
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value, key]);
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(document);
  if (places.length === 0) return;
  const [parent, key] = places[where % places.length]!;
  const [other, otherKey] = places[what % places.length]!;
  if (kind % 4 === 0) delete parent[key];
  else if (kind % 4 === 1) parent[key] = structuredClone(other[otherKey]);
  else if (kind % 4 === 2) parent[`${key}${what % 3}`] = structuredClone(parent[key]);
  // A copy: a change within it would stay for all that come later.
  else parent[key] = structuredClone(odd[what % odd.length]);
}

/** Texts in words, with words lost, doubled, exchanged, and replaced. */
export function wordTexts(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const words = samples.map((sample) =>
    Buffer.from(sample)
      .toString('latin1')
      .split(/(?<=[\s{}"\\:])|(?=["{}])/),
  );
  const marks = [
    '"',
    "'",
    '{',
    '}',
    '<',
    '>',
    '[',
    ']',
    ':',
    ',',
    ';',
    '#',
    '\\',
    '\n',
    '\\xff',
    '-',
    'a{',
  ];
  const inside = fc.tuple(fc.nat({ max: samples.length - 1 }), changes).map(([index, all]) => {
    const text = [...words[index]!];
    for (const [kind, where, what] of all) {
      const here = at(text, where);
      if (kind % 4 === 0) text.splice(here, 1 + (what % 3));
      else if (kind % 4 === 1)
        text.splice(here, 0, marks[what % marks.length]!.repeat(1 + (kind % 50)));
      else if (kind % 4 === 2) text.splice(here, 0, ...text.slice(what % text.length).slice(0, 20));
      else text[here] = text[what % text.length] ?? '';
    }
    return new Uint8Array(Buffer.from(text.join(''), 'latin1'));
  });
  return fc.oneof({ weight: 3, arbitrary: inside }, { weight: 1, arbitrary: octets(samples) });
}
