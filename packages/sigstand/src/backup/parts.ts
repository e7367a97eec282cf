import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Part } from './archive.ts';
import { type DumpReader, dumpReader } from './heads.ts';
import { type Dumped, dumpPart } from './manifest.ts';
import type { Kept } from './object.ts';

/** The part of an object: kubectl takes it as it is. */
export function objectPart(kept: Kept): Part {
  const { kind, metadata } = kept;
  const place = metadata.namespace ? `objects/${metadata.namespace}` : 'objects';
  const name = `${place}/${kind.toLowerCase()}-${metadata.name}.json`;
  return { name, bytes: Buffer.from(`${JSON.stringify(kept, null, 1)}\n`) };
}

/** Whether a part is an object; else it is of the dump. */
export function isObjectPart(name: string): boolean {
  return name.startsWith('objects/');
}

const partSize = 4 << 20;

/** A dump in parts, of which none has to be longer than others; `read` is told what was in it, once it is whole. */
export async function* dumpParts(
  sql: AsyncIterable<Buffer>,
  read: (dumped: Dumped) => void,
): AsyncGenerator<Part> {
  const reader = dumpReader();
  let number = 0;
  const part = (bytes: Buffer): Part => ({
    name: `${dumpPart}${String(number++).padStart(6, '0')}`,
    bytes,
  });
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of gzipped(watched(sql, reader))) {
    pending.push(chunk);
    size += chunk.length;
    if (size < partSize) continue;
    yield part(Buffer.concat(pending));
    pending = [];
    size = 0;
  }
  if (size > 0) yield part(Buffer.concat(pending));
  read(reader.end());
}

async function* watched(sql: AsyncIterable<Buffer>, reader: DumpReader): AsyncGenerator<Buffer> {
  for await (const chunk of sql) {
    reader.take(chunk);
    yield chunk;
  }
}

async function* gzipped(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gzip = createGzip();
  // What goes wrong before it comes out of it.
  pipeline(Readable.from(bytes, { objectMode: false }), gzip).catch(() => {});
  yield* gzip as AsyncIterable<Buffer>;
}
