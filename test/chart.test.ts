import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { tableOf, withTable } from '../scripts/chart/table.ts';
import { pods } from './stack.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const values = parse(read('chart/values.yaml'));

type Schema = { readonly [key: string]: unknown };
const schema: Schema = JSON.parse(read('chart/values.schema.json'));

/** Each schema of an object in the schema of the values, by its place. */
function* objectsIn(node: unknown, place: string): Generator<[string, Schema]> {
  if (typeof node !== 'object' || node === null) return;
  if ((node as Schema).type === 'object') yield [place, node as Schema];
  for (const [key, inner] of Object.entries(node)) yield* objectsIn(inner, `${place}/${key}`);
}

describe('the chart', () => {
  it('is of the version that package.json says', () => {
    const { version } = JSON.parse(read('package.json'));
    expect(parse(read('chart/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });

  it('names in its values the images of the manifests, and no other', () => {
    const named = pods.flatMap(({ spec }) =>
      [...(spec.initContainers ?? []), ...spec.containers].map(({ image }) => image as string),
    );
    // The CLI's runs only where the values have it look at the stack.
    const { sigstand, ...rest } = values.images.names;
    expect(sigstand).toMatch(/^ghcr\.io\/sigstand\/sigstand:/);
    expect(Object.values(rest).sort()).toEqual([...new Set(named)].sort());
  });

  it('takes no value that it does not know, at any place', () => {
    const all = [...objectsIn(schema, '')].filter(([place]) => place !== '/properties/global');
    expect(all.length).toBeGreaterThan(10);
    const open = all.filter(([, { additionalProperties }]) => additionalProperties !== false);
    expect(open.map(([place]) => place)).toEqual([]);
  });

  it('says of every value what it is, in a table that follows from values.yaml', () => {
    const page = read('chart/README.md');
    expect(withTable(page, read('chart/values.yaml'))).toBe(page);
  });
});

describe('the table of the values', () => {
  it('has a row for each value that is described, or for all of a kind', () => {
    const yaml =
      '# Whole.\nsize: 5Gi\n\nb:\n  # Of b,\n  # and more.\n  c: ""\n\n# Each.\nd:\n  e: {f: 1}\n';
    expect(tableOf(yaml).split('\n').slice(2)).toEqual([
      '| `size` | `5Gi` | Whole. |',
      '| `b.c` | empty | Of b, and more. |',
      '| `d` | one of each, 1 in all | Each. |',
      '',
    ]);
  });

  it('is refused for a value of which nothing is said', () => {
    expect(() => tableOf('# Said.\na: 1\nb: 2\n')).toThrow('says nothing of b');
  });
});

it('the Kustomization has every manifest, and a name that kubectl apply -f does not read', () => {
  const names = readdirSync(join(root, 'manifests'));
  expect(names).toContain('Kustomization');
  expect(parse(read('manifests/Kustomization')).resources).toEqual(
    names.filter((name) => name.endsWith('.yaml')).sort(),
  );
});
