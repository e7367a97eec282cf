import { describe, expect, it } from 'vitest';
import { type Part, packed, unpacked } from './archive.ts';
import type { Listed, Manifest } from './manifest.ts';

const parts: Part[] = [
  { name: 'objects/a/secret-b.json', bytes: Buffer.from('{"a":1}\n') },
  { name: 'database.sql.gz.000000', bytes: Buffer.alloc(1_000, 'x') },
  { name: 'database.sql.gz.000001', bytes: Buffer.from('y') },
];

const manifest = (listed: readonly Listed[]): Manifest => ({
  ...{ made: '2026-11-27T07:00:00.000Z', by: '0.1.0', timestamp: 8 },
  stack: { firstRoot: 'a'.repeat(64), rekorTree: '1', ctlogTree: '2' },
  database: { bytes: 12, heads: [{ tree: '1', size: 3, root: 'ff' }] },
  parts: listed,
});

async function* each<T>(all: readonly T[]) {
  yield* all;
}

async function made(conclude = manifest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of packed(each(parts), conclude)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function read(bytes: Uint8Array) {
  const found: Part[] = [];
  const said = await unpacked(each([bytes.subarray(0, 700), bytes.subarray(700)]), (part) => {
    found.push({ name: part.name, bytes: Buffer.from(part.bytes) });
  });
  return { said, found };
}

describe('a backup', () => {
  it('is read as it was made', async () => {
    const { said, found } = await read(await made());
    expect(found).toEqual(parts.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) })));
    expect(said).toMatchObject({ by: '0.1.0', timestamp: 8 });
    expect(said.parts.map(({ name }) => name)).toEqual(parts.map(({ name }) => name));
  });

  it('is refused wherever it is cut short, but for the zeros after its end', async () => {
    const whole = await made();
    const end = whole.lastIndexOf('manifest.json') + 14;
    for (let length = 0; length < whole.length; length += 197) {
      if (length >= end) break;
      const reading = read(whole.subarray(0, length));
      await expect(reading, `${length} bytes`).rejects.toMatchObject({ failure: 'data' });
    }
  });

  it('is refused where a byte of it is another, unless that is one of the filling', async () => {
    const whole = await made();
    const before = await read(whole);
    let refused = 0;
    for (let at = 0; at < whole.length; at += 37) {
      const other = Buffer.from(whole);
      other[at] = (other[at] ?? 0) ^ 0x20;
      const reading = await read(other).catch((error: unknown) => error);
      if (reading instanceof Error) {
        expect(reading, `byte ${at}`).toMatchObject({ name: 'JobError', failure: 'data' });
        refused += 1;
      } else expect(reading, `byte ${at}`).toEqual(before);
    }
    expect(refused).toBeGreaterThan(60);
  });

  it.each([
    ['a part too few', (all: readonly Listed[]) => all.slice(1)],
    ['a part too many', (all: readonly Listed[]) => [...all, { ...all[0]!, name: 'more' }]],
    [
      'another checksum',
      (all: readonly Listed[]) => all.map((one) => ({ ...one, sha256: '0'.repeat(64) })),
    ],
    [
      'another name',
      (all: readonly Listed[]) => all.map((one) => ({ ...one, name: `${one.name}x` })),
    ],
  ])('is refused where its manifest has %s', async (_, change) => {
    const bytes = await made((listed) => manifest(change(listed)));
    await expect(read(bytes)).rejects.toThrow('cut short or was altered');
  });

  it.each([
    ['a time that is none', { made: 'yesterday' }],
    ['no first root', { stack: { firstRoot: '', rekorTree: '1', ctlogTree: '2' } }],
    [
      'a tree that is none',
      { stack: { firstRoot: 'a'.repeat(64), rekorTree: "1'", ctlogTree: '2' } },
    ],
    [
      'a root hash that is SQL',
      { database: { bytes: 1, heads: [{ tree: '1', size: 1, root: "');" }] } },
    ],
    [
      'a size that is SQL',
      { database: { bytes: 1, heads: [{ tree: '1', size: '1;', root: '' }] } },
    ],
  ])('is refused where its manifest says %s', async (_, wrong) => {
    const bytes = await made((listed) => ({ ...manifest(listed), ...wrong }) as Manifest);
    await expect(read(bytes)).rejects.toThrow('manifest.json');
  });

  it('of another form is told so', async () => {
    const whole = (await made())
      .toString('latin1')
      .replace('sigstand-backup 1', 'sigstand-backup 2');
    await expect(read(Buffer.from(whole, 'latin1'))).rejects.toThrow(
      'the backup has form 2, and this sigstand reads form 1',
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('-- MariaDB dump\n'.repeat(200))],
    ['another tar', async () => (await made()).subarray(1_024)],
  ])('is not %s', async (_, other) => {
    const bytes = typeof other === 'function' ? await other() : other;
    await expect(read(bytes)).rejects.toThrow('not a backup that sigstand has made');
  });

  it('tells what its source tells', async () => {
    const failing = (async function* () {
      yield (await made()).subarray(0, 2_000);
      throw new Error('of the source');
    })();
    await expect(unpacked(failing, () => {})).rejects.toThrow('of the source');
  });
});
