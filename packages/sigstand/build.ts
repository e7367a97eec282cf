// Bundles the CLI to dist/sigstand.cjs, which npm packs: one file and no dependency, for Node 20 and newer. Tests name
// another folder than dist, since they run at the same time.

import { chmod, copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { manifests, texts } from './embed.ts';

const here = import.meta.dirname;
const root = join(here, '../..');
const dist = process.argv[2] ?? join(here, 'dist');
// Under another name until it is whole: somebody may run the one before, or make the same.
const outfile = join(dist, `sigstand-${process.pid}.cjs`);

await mkdir(dist, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ['packages/sigstand/src/main.ts'],
  outfile,
  bundle: true,
  plugins: [manifests, texts],
  alias: { undici: join(root, 'scripts/no-undici.ts') },
  minify: true,
  platform: 'node',
  target: 'node20',
  supported: { 'dynamic-import': false },
  format: 'cjs',
  banner: { js: '#!/usr/bin/env node' },
  legalComments: 'eof',
  logLevel: 'warning',
});
await chmod(outfile, 0o755);
await rename(outfile, join(dist, 'sigstand.cjs'));
await copyFile(join(root, 'LICENSE'), join(dist, 'LICENSE'));
