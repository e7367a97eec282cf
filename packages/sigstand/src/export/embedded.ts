import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const integrations = join(here, '../../../../integrations');

/**
 * What an export is made of, such as `clients/gitsign.sh`. build.ts puts these texts in the place of this module, so
 * that the CLI has them where there are no such files.
 */
export function embeddedTexts(): Readonly<Record<string, string>> {
  const entries = Object.entries(textPaths()).map(([name, path]) => [
    name,
    readFileSync(path, 'utf8'),
  ]);
  return Object.fromEntries(entries);
}

/** Where these texts are. */
export function textPaths(): Readonly<Record<string, string>> {
  const below = (folder: string, kind: string, wanted: RegExp) =>
    readdirSync(folder)
      .filter((name) => wanted.test(name))
      .map((name): [string, string] => [`${kind}/${name}`, join(folder, name)]);
  return Object.fromEntries([
    ...below(join(here, 'clients'), 'clients', /./),
    ...['policy-controller', 'kyverno'].flatMap((controller) =>
      below(join(integrations, controller), controller, /\.yaml$/),
    ),
  ]);
}
