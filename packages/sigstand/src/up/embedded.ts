import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The manifests of this version. build.ts puts them in the place of this module, so that the packed CLI has them; the
 * image's has none.
 */
export function embeddedManifests(): string | undefined {
  const folder = join(import.meta.dirname, '../../../../manifests');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n---\n');
}
