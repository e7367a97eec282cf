import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, run } from '../cluster/rig.ts';

/* Images by the real buildah, from a checkout that nobody but its owner may read. test/kind has the same by Docker. */

let work: string;
let first: Image;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-image-'));
  first = await build('first', '077');
});
afterAll(() => rm(work, { recursive: true, force: true }));

interface Image {
  /** Its layers by their bytes, but for the one with V8's code. */
  readonly layers: readonly string[];
  /** What is in its layers, as `tar` lists it. */
  readonly files: readonly string[];
}

/** Builds an image in a checkout and a cache of its own. */
async function build(name: string, umask: string): Promise<Image> {
  const checkout = join(work, name);
  await mkdir(join(checkout, 'dist'), { recursive: true });
  await cp(join(root, 'scripts'), join(checkout, 'scripts'), { recursive: true });
  await cp(join(root, 'dist/createtree.cjs'), join(checkout, 'dist/createtree.cjs'));
  const script = `set -euo pipefail; base=$(test/rig/rig base); cd '${checkout}'; umask ${umask}; chmod -R go= .
    export SIGSTAND_CACHE='${checkout}/cache'; source scripts/lib.sh; source scripts/buildah.sh
    build createtree >&2; layout_of createtree`;
  const { status, stdout, stderr } = await run('bash', ['-c', script]);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return read(stdout.trim());
}

async function read(layout: string): Promise<Image> {
  const blob = (digest: string) => readFile(join(layout, 'blobs', digest.replace(':', '/')));
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const digest: string = index.manifests[0].digest;
  const { layers } = JSON.parse((await blob(digest)).toString()) as {
    layers: { digest: string; mediaType: string }[];
  };
  const zipped = layers.filter(({ mediaType }) => mediaType.endsWith('+zstd'));
  const lists = zipped.map(async (layer) => {
    const input = zstdDecompressSync(await blob(layer.digest));
    return execFileSync('tar', ['-tvf', '-'], { input }).toString().trim().split('\n');
  });
  const layered = await Promise.all(lists);
  return {
    layers: zipped
      .filter((_, i) => !layered[i]?.join().includes('job.code'))
      .map((one) => one.digest),
    files: layered.flat(),
  };
}

it('what a Job reads in its image, every user may read, whatever umask the checkout had', () => {
  const app = first.files.filter((line) => / \/?app\/./.test(line));
  expect(app.map((line) => line.split(' ').at(-1)?.replace(/^\//, '')).sort()).toEqual([
    'app/job.cjs',
    'app/job.code',
    'app/launch.cjs',
  ]);
  expect(app.filter((line) => !/^-rw.r-.r-./.test(line))).toEqual([]);
  const folder = first.files.filter((line) => / \/?app\/$/.test(line));
  expect(folder.length).toBeGreaterThan(0);
  expect(folder.filter((line) => !line.startsWith('drwxr-xr-x'))).toEqual([]);
});

it('an image that is built again has the same bytes, and the time that it was told', async () => {
  const second = await build('second', '022');
  expect(first.layers.length).toBeGreaterThan(1);
  expect(second.layers).toEqual(first.layers);
  const app = [...first.files, ...second.files].filter((line) => / \/?app\//.test(line));
  expect(app.filter((line) => !line.includes(' 1970-01-01 '))).toEqual([]);
});
