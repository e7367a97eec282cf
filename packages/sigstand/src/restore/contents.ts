import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { mysqlCredentials } from '@sigstand/contracts/records';
import { partsIn, unpacked } from '../backup/archive.ts';
import { damaged, dumpPart, type Manifest } from '../backup/manifest.ts';
import { type Kept, valueIn } from '../backup/object.ts';
import { isObjectPart } from '../backup/parts.ts';
import type { BackupFile } from './backup-file.ts';
import { isDatabaseName } from './loading.ts';

/** What is in a backup that was read to its end, and is whole. */
export interface Contents {
  readonly manifest: Manifest;
  readonly objects: readonly Kept[];
  /** The database's name, where there is a dump: in SQL it needs no quoting but that of a name. */
  readonly database: string;
}

/** Reads a backup once through; only the objects are held. @throws {JobError} */
export async function contentsOf(file: BackupFile): Promise<Contents> {
  const objects: Kept[] = [];
  const manifest = await unpacked(file(), ({ name, bytes }) => {
    if (isObjectPart(name)) objects.push(objectIn(name, bytes));
  });
  const secret = objects.find(({ metadata }) => metadata.name === mysqlCredentials.name);
  const database = String((secret && valueIn(secret, 'database')) ?? '');
  if (manifest.database !== 'external' && !isDatabaseName(database)) {
    throw damaged('the name of its database');
  }
  return { manifest, objects, database };
}

function objectIn(name: string, bytes: Uint8Array): Kept {
  try {
    const kept = JSON.parse(Buffer.from(bytes).toString()) as Kept;
    const isKnown = ['Secret', 'ConfigMap', 'Namespace'].includes(kept.kind);
    if (isKnown && kept.apiVersion === 'v1' && typeof kept.metadata.name === 'string') return kept;
  } catch (error) {
    throw damaged(name, error);
  }
  throw damaged(name);
}

/** The dump in a backup, which is read through again; it ends only where that was whole again. @throws {JobError} */
export async function* dumpIn(file: BackupFile): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  let broken: unknown;
  const fed = pipeline(Readable.from(compressed(file), { objectMode: false }), gunzip).catch(
    (error: unknown) => {
      broken = error;
    },
  );
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw (error as Error).name === 'JobError' ? error : damaged('its dump', error);
  }
  await fed;
  if (broken !== undefined) throw broken;
}

async function* compressed(file: BackupFile): AsyncGenerator<Uint8Array> {
  for await (const { name, bytes } of partsIn(file())) {
    if (name.startsWith(dumpPart)) yield bytes;
  }
}
