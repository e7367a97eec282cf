// Bundles each Job to one file, dist/<job>.cjs, what reads kubeconfigs to another beside them, and the CLI to a third; keeps
// esbuild's metafiles for the tests that read what went into each. Does nothing where dist/ is of these sources.

import { statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { noManifests, textFiles, texts } from '../packages/sigstand/embed.ts';
import { bundleNames, digests, jobPackages, staleness } from './bundles.ts';

const root = join(import.meta.dirname, '..');
process.chdir(root);

/** What reads kubeconfigs is larger than all the rest of most Jobs, and no Pod needs it. */
const apart: Plugin = {
  name: 'kubeconfig apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/kubeconfig\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './kubeconfig.cjs', external: true } : undefined,
    );
  },
};

/** Says what is wrong where Node is too old, in place of a stack trace. */
function needsNode(job: string): string {
  const [major, minor] = [24, 5]; // from here on its agents know proxies
  const told = `${job}: error: needs Node ${major}.${minor} or newer, and this is `;
  const hint = `; run it as bash scripts/with-node.sh node dist/${job}.cjs`;
  return `"use strict";{const[a,b]=process.versions.node.split(".");if(a<${major}||a==${major}&&b<${minor}){require("fs").writeSync(2,${JSON.stringify(told)}+process.version+${JSON.stringify(`${hint}\n`)});process.exit(64)}}`;
}

async function bundle(folder: string, name: string, options: BuildOptions): Promise<Metafile> {
  const { metafile } = await build({
    ...options,
    outfile: join(folder, `${name}.cjs`),
    bundle: true,
    alias: { undici: join(import.meta.dirname, 'no-undici.ts') },
    minify: true,
    platform: 'node',
    // Far older than what runs it, which an older one must be able to say.
    target: 'node18',
    // An image runs the bundle as a script, where import() is not known.
    supported: { 'dynamic-import': false },
    format: 'cjs',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  await writeFile(join(folder, `${name}.meta.json`), JSON.stringify(metafile));
  return metafile;
}

async function buildAll(): Promise<void> {
  await mkdir('dist', { recursive: true });
  const folder = await mkdtemp('dist/.building-');
  try {
    const metafiles = await Promise.all([
      ...jobPackages().map((job) =>
        bundle(folder, job, {
          entryPoints: [`packages/${job}/src/main.ts`],
          plugins: [apart],
          banner: { js: needsNode(job) },
        }),
      ),
      bundle(folder, 'kubeconfig', { entryPoints: ['packages/store/src/kubeconfig.ts'] }),
      // The CLI as an image has it, and npm start; npm packs what packages/sigstand/build.ts makes.
      bundle(folder, 'sigstand', {
        entryPoints: ['packages/sigstand/src/main.ts'],
        plugins: [noManifests, texts],
      }),
    ]);
    const inputs = [...metafiles.flatMap((one) => Object.keys(one.inputs)), ...textFiles(root)];
    await writeFile(join(folder, 'inputs.json'), JSON.stringify(digests(inputs)));
    // One by one into their places: somebody may be running those that are there.
    const made = await readdir(folder);
    for (const file of made) await rename(join(folder, file), join('dist', file));
    for (const file of await readdir('dist')) {
      // A Job that is gone must not stay behind.
      if (!made.includes(file)) await rm(join('dist', file), { recursive: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const why = staleness();
if (why) await buildAll();
for (const name of bundleNames()) {
  const bytes = statSync(`dist/${name}.cjs`).size;
  console.log(`dist/${name}.cjs`.padEnd(28), `${(bytes / 1e3).toFixed(0).padStart(6)} kB`);
}
if (!why) console.log('They are of these sources: nothing was built.');
