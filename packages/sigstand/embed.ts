// What the CLI has in itself where there is no checkout: build.ts and scripts/build.ts put it in the place of modules that read it.

import { relative } from 'node:path';
import type { Plugin } from 'esbuild';
import { embeddedTexts, textPaths } from './src/export/embedded.ts';
import { embeddedManifests } from './src/up/embedded.ts';

/** The manifests of this version. */
export const manifests = instead('up', () => ({ embeddedManifests: embeddedManifests() }));

/** None: an image cannot hold manifests, which name its own digest. */
export const noManifests = instead('up', () => ({ embeddedManifests: undefined }));

/** The texts that an export is made of. */
export const texts = instead('export', () => ({ embeddedTexts: embeddedTexts() }));

/** The files of these texts, from a folder: esbuild does not know of them. */
export function textFiles(from: string): string[] {
  return Object.values(textPaths()).map((path) => relative(from, path));
}

/** A plugin that has the module `embedded.ts` of a folder give these values. */
function instead(folder: string, values: () => Record<string, unknown>): Plugin {
  const path = new RegExp(`[\\\\/]src[\\\\/]${folder}[\\\\/]embedded\\.ts$`);
  return {
    name: `embedded ${folder}`,
    setup({ onLoad }) {
      onLoad({ filter: path }, () => ({
        contents: Object.entries(values())
          .map(([name, value]) => `export const ${name} = () => (${JSON.stringify(value)});`)
          .join('\n'),
      }));
    },
  };
}
