import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../cluster/rig.ts';
import { binary } from '../../programs/binaries.ts';
import type { Bench, Benchmark } from '../benchmark.ts';
import type { Figure } from '../figure.ts';
import type { Program } from '../peer/releases.ts';

const registry = '10.200.0.1:5000';

/** Our images, and the Go programs that do the same work. */
const images: readonly (readonly [job: string, ...programs: Program[]])[] = [
  ['createsecret', 'rekor-createsecret'],
  ['createcerts', 'createcerts'],
  ['createcertchain', 'createcertchain'],
  ['createtree', 'createtree'],
  ['createctconfig', 'createctconfig'],
  ['createtuf', 'tuf-createsecret', 'tuf-server'],
  // The Go system does it in a shell script.
  ['copysecrets'],
];

/** B7: how much there is to pull and to load. */
export const costImages: Benchmark = {
  ids: ['B7'],
  title: 'images: bytes to pull',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    const { peer } = bench;
    if (!peer) bench.missing('B7 of the Go images', 'no checkout of them was given');
    const layers = await Promise.all(images.map(([job]) => layersOf(bench, job)));
    const together = new Map(layers.flatMap((own) => [...own]));
    const each = images.map(([, ...programs]) => programs).filter(({ length }) => length > 0);
    const sameWork = peer && [await peer.compressed(...each.flat())];
    const alone = peer && (await Promise.all(each.map((some) => peer.compressed(...some))));
    return [
      {
        ...{ id: 'B7', title: 'all images of the Jobs, compressed, shared layers once' },
        unit: 'MB',
        ours: [megabytes(together)],
        ...(sameWork && { peer: sameWork.map((bytes) => bytes / 1e6) }),
        goals: [{ id: 'P11', of: 'max', atMost: 45 }],
        note: `ours: ${images.length} images, ${together.size} layers; Go: ${each.flat().length} programs, the TUF server with them, since createtuf does its work; ours as images.sh compresses them (zstd), Go’s as ko does (gzip)`,
      },
      {
        ...{ id: 'B7', title: 'what one Job alone pulls, compressed', unit: 'MB' },
        ours: layers.map(megabytes),
        ...(alone && { peer: alone.map((bytes) => bytes / 1e6) }),
      },
      await bundles(),
    ];
  },
};

interface Manifest {
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

/** The compressed layers of an image, as the rig's registry has them. */
async function layersOf({ cluster }: Bench, job: string): Promise<Map<string, number>> {
  const image = `${registry}/sigstand/${job}:0.1.0`;
  const text = await cluster.mustExec([binary('crane'), 'manifest', '--insecure', image]);
  const { layers } = JSON.parse(text) as Manifest;
  return new Map(layers.map(({ digest, size }) => [digest, size]));
}

function megabytes(layers: ReadonlyMap<string, number>): number {
  return [...layers.values()].reduce((sum, size) => sum + size, 0) / 1e6;
}

async function bundles(): Promise<Figure> {
  const dist = join(root, 'dist');
  const files = (await readdir(dist)).filter((file) => file.endsWith('.cjs')).sort();
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(dist, file))).size));
  const each = files.map((file, index) => `${file} ${((sizes[index] ?? 0) / 1e6).toFixed(2)}`);
  return {
    ...{ id: 'B7', title: 'bundle of one Job', unit: 'MB' },
    ours: sizes.map((size) => size / 1e6),
    goals: [{ id: 'P12', of: 'max', atMost: 1.5 }],
    note: each.join(', '),
  };
}
