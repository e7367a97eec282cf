import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestsOf, pinned } from '../scripts/release/images.ts';
import { jobs } from './jobs.ts';
import { root } from './shell.ts';

/** What a release of this tree would be. */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
export const names: readonly string[] = [...Object.keys(jobs), 'sigstand'];

export const digest = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** What buildx writes of one target that was pushed for two platforms, by its own documentation and source. */
export function built(job: string) {
  return {
    'buildx.build.provenance/linux/amd64': { buildType: 'https://mobyproject.org/buildkit@v1' },
    'buildx.build.ref': `sigstand/sigstand0/${job}`,
    'containerimage.descriptor': {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      digest: digest(job),
      size: 1609,
    },
    'containerimage.digest': digest(job),
    'image.name': `ghcr.io/sigstand/${job}:${version}`,
  };
}

/** What bake writes of all of them. */
export const metadata = (change: Record<string, unknown> = {}) => ({
  'buildx.build.warnings': [],
  ...Object.fromEntries(names.map((job) => [job, built(job)])),
  ...change,
});

/** The manifests as a release has them. */
export function releasedManifests(): Record<string, string> {
  const folder = join(root, 'manifests');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const digests = digestsOf(metadata(), names, version);
  return Object.fromEntries(
    files.map((name) => [name, pinned(readFileSync(join(folder, name), 'utf8'), digests, version)]),
  );
}
