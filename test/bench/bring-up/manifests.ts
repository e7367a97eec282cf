import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Every object of the YAML files in a folder, and in the folders below. */
export function manifestsIn<T extends Manifest>(folder: string): T[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .sort()
    .flatMap((path) => parseAllDocuments(readFileSync(join(folder, path), 'utf8')))
    .map((document) => document.toJS() as T | null)
    .filter((object) => object !== null);
}

/** @throws {Error} Where there is no such object. */
export function manifest<T extends Manifest>(
  all: readonly T[],
  kind: string,
  namespace: string,
  name: string,
): T {
  const found = all.find(
    (object) =>
      object.kind === kind &&
      object.metadata.namespace === namespace &&
      object.metadata.name === name,
  );
  if (!found) throw new Error(`no ${kind} ${namespace}/${name} in the manifests`);
  return found;
}
