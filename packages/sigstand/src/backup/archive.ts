import { createHash } from 'node:crypto';
import { JobError } from '@sigstand/job/errors';
import { extract, pack } from 'tar-stream';
import {
  checkForm,
  checksumPart,
  damaged,
  formPart,
  formText,
  type Listed,
  type Manifest,
  manifestPart,
  notOurs,
  readManifest,
} from './manifest.ts';

/** A file in the tar. */
export interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * A backup as the bytes of a tar, which any tar opens: the form, the parts, what `conclude` says of them, and its checksum.
 * The manifest comes last, so that nothing has to be held that comes before it.
 */
export async function* packed(
  parts: AsyncIterable<Part>,
  conclude: (listed: readonly Listed[]) => Manifest,
): AsyncGenerator<Buffer> {
  const listed: Listed[] = [];
  yield entry({ name: formPart, bytes: Buffer.from(formText()) });
  for await (const part of parts) {
    listed.push({ name: part.name, size: part.bytes.length, sha256: sha256(part.bytes) });
    yield entry(part);
  }
  const manifest = Buffer.from(`${JSON.stringify(conclude(listed), null, 1)}\n`);
  yield entry({ name: manifestPart, bytes: manifest });
  yield entry({ name: checksumPart, bytes: Buffer.from(checksumOf(manifest)) });
  yield end;
}

/** Two blocks of zeros end a tar (POSIX ustar). */
const end = Buffer.alloc(1_024);

/** One entry, without the end that a tar has. Its time is that of no clock: the manifest has the one that counts. */
async function entry({ name, bytes }: Part): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name, mode: 0o600, mtime: new Date(0), uid: 0, gid: 0 }, Buffer.from(bytes));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).subarray(0, -end.length);
}

/** No part is longer: an object has a megabyte at most, and a dump is cut into parts. */
export const longestPart = 8 << 20;

/**
 * Reads a backup from the bytes of its tar to the end, and shows each part when it comes. None of them is to be believed
 * before the manifest is there.
 *
 * @throws {JobError} data, where it is not a whole backup, byte by byte as it was made.
 */
export async function unpacked(
  tar: AsyncIterable<Uint8Array>,
  show: (part: Part) => void,
): Promise<Manifest> {
  const parts = partsIn(tar);
  for (;;) {
    const { done, value } = await parts.next();
    if (done) return value;
    show(value);
  }
}

/** The same, one part after the other; what it ends with is the manifest. */
export async function* partsIn(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Part, Manifest> {
  const check = checker();
  for await (const part of entries(tar)) {
    if (check.take(part)) yield part;
  }
  return check.end();
}

/** Holds the parts of a backup against what its end says of them. */
function checker() {
  const listed: Listed[] = [];
  let manifest: Buffer | undefined;
  let checksum: string | undefined;
  let begun = false;
  return {
    /** Whether it is one that the manifest should list. */
    take({ name, bytes }: { name: string; bytes: Buffer }): boolean {
      if (!begun) {
        checkForm(name === formPart ? bytes.toString() : undefined);
        begun = true;
        return false;
      }
      if (checksum !== undefined) throw damaged(`${name} comes after its end`);
      if (manifest !== undefined) checksum = name === checksumPart ? bytes.toString() : '';
      else if (name === manifestPart) manifest = bytes;
      else listed.push({ name, size: bytes.length, sha256: sha256(bytes) });
      return manifest === undefined;
    },
    end(): Manifest {
      if (!begun) throw notOurs();
      if (manifest === undefined || checksum === undefined) throw damaged('its end is missing');
      if (checksum !== checksumOf(manifest)) throw damaged(manifestPart);
      const read = readManifest(manifest.toString());
      const wrong = listed.find(({ name, sha256: found }, nth) => {
        const said = read.parts[nth];
        return said?.name !== name || said.sha256 !== found;
      });
      if (wrong) throw damaged(wrong.name);
      if (read.parts.length !== listed.length) throw damaged('parts are missing');
      return read;
    },
  };
}

async function* entries(
  tar: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ name: string; bytes: Buffer }> {
  const reader = extract();
  // What the source throws is told in its own words.
  let broken: unknown;
  const fed = feed(tar, reader).catch((error: Error) => {
    broken = error;
    reader.destroy(error);
  });
  let begun = false;
  try {
    for await (const one of reader) {
      const { name, size = 0 } = one.header;
      if (size > longestPart) throw begun ? damaged('a part is too long') : notOurs();
      const chunks: Buffer[] = [];
      for await (const chunk of one) chunks.push(chunk as Buffer);
      begun = true;
      yield { name, bytes: Buffer.concat(chunks) };
    }
  } catch (error) {
    throw broken ?? (error instanceof JobError ? error : noTar(begun, error));
  } finally {
    reader.destroy();
    await fed;
  }
  if (broken !== undefined) throw broken;
}

function noTar(begun: boolean, error: unknown): JobError {
  return begun ? damaged('it is no tar from here on', error) : notOurs();
}

async function feed(tar: AsyncIterable<Uint8Array>, reader: ReturnType<typeof extract>) {
  for await (const chunk of tar) {
    if (reader.destroyed) return;
    const more = reader.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (!more) await drained(reader);
  }
  reader.end(undefined);
}

function drained(reader: ReturnType<typeof extract>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      reader.off('drain', done).off('close', done);
      resolve();
    };
    reader.once('drain', done).once('close', done);
  });
}

function checksumOf(manifest: Uint8Array): string {
  return `${sha256(manifest)}  ${manifestPart}\n`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
