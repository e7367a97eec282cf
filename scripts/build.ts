// Bundles each Job to one self-contained file, dist/<job>.cjs, and keeps esbuild's metafile for the
// tests that read what went into it.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const jobs = (await readdir('packages')).filter(
  (name) => /^(create|copy)/.test(name) && existsSync(`packages/${name}/src/main.ts`),
);
// A Job that is gone must not stay behind.
await rm('dist', { recursive: true, force: true });
await mkdir('dist');

const sizes = await Promise.all(
  jobs.map(async (job) => {
    const { metafile } = await build({
      entryPoints: [`packages/${job}/src/main.ts`],
      outfile: `dist/${job}.cjs`,
      bundle: true,
      alias: { undici: join(import.meta.dirname, 'no-undici.ts') },
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      legalComments: 'none',
      metafile: true,
      logLevel: 'warning',
    });
    await writeFile(`dist/${job}.meta.json`, JSON.stringify(metafile));
    return { job, bytes: metafile.outputs[`dist/${job}.cjs`]?.bytes ?? 0 };
  }),
);
for (const { job, bytes } of sizes) {
  console.log(`dist/${job}.cjs`.padEnd(28), `${(bytes / 1e3).toFixed(0).padStart(6)} kB`);
}
