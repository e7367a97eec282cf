// The bundles in dist/, and whether they are of the sources that are here.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** What every bundle is made by: how, and of which packages. */
const makers = [
  'scripts/build.ts',
  'scripts/bundles.ts',
  'scripts/no-undici.ts',
  'packages/sigstand/embed.ts',
  'package-lock.json',
];

/** The Jobs that there are, by the names of their packages. */
export function jobPackages(): string[] {
  return readdirSync(join(root, 'packages')).filter(
    (name) => /^(create|copy)/.test(name) && existsSync(join(root, `packages/${name}/src/main.ts`)),
  );
}

/** The bundles in dist/ by their names. */
export const bundleNames = () => [...jobPackages(), 'kubeconfig', 'sigstand'];

/** SHA-256 of each of our files that the bundles are made of; `inputs` are paths from the root. */
export function digests(inputs: readonly string[]): Record<string, string> {
  // What is in node_modules, package-lock.json says.
  const ours = inputs.filter((path) => !path.startsWith('node_modules/'));
  const paths = [...new Set([...ours, ...makers])].sort();
  return Object.fromEntries(paths.map((path) => [path, digest(path)]));
}

/**
 * Why the bundles are not those of the sources that are here, such as `packages/pki/src/pem.ts has
 * changed`; undefined where they are.
 */
export function staleness(): string | undefined {
  const record = join(root, 'dist/inputs.json');
  if (!existsSync(record)) return 'it was never built whole';
  const built = JSON.parse(readFileSync(record, 'utf8')) as Record<string, string>;
  for (const [path, was] of Object.entries(built)) {
    if (digest(path) !== was) return `${path} has changed`;
  }
  const missing = bundleNames().find((name) => !existsSync(join(root, `dist/${name}.cjs`)));
  return missing && `dist/${missing}.cjs is not there`;
}

/** The path of a bundle, `kubeconfig`, `sigstand` or a Job. @throws {Error} Where dist/ is older than the sources. */
export function bundleAt(name: string): string {
  known ??= { why: staleness() };
  if (known.why) throw new Error(`dist/ is not of these sources, ${known.why}: run npm run build`);
  return join(root, 'dist', `${name}.cjs`);
}

let known: { why: string | undefined } | undefined;

function digest(path: string): string {
  const file = join(root, path);
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'gone';
}
