import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** The compressed layers of OCI layouts, by digest: what several of them share is there once. */
export async function layersOf(layouts: readonly string[]): Promise<Map<string, number>> {
  const layers = new Map<string, number>();
  for (const layout of layouts) {
    const index = await read<{ manifests: Descriptor[] }>(join(layout, 'index.json'));
    const digest = index.manifests[0]?.digest ?? '';
    const manifest = await read<{ layers: Descriptor[] }>(
      join(layout, 'blobs', digest.replace(':', '/')),
    );
    for (const { digest: layer, size } of manifest.layers) layers.set(layer, size);
  }
  return layers;
}

async function read<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
