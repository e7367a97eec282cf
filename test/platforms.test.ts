import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './shell.ts';

const page = readFileSync(join(root, 'docs/platforms.md'), 'utf8');
const rows = [...page.matchAll(/^\| (\S+\.io\/\S+) \| (.+?) \| (.+) \|$/gm)].map(
  ([, image = '', platforms = '', saidBy = '']) => ({ image, platforms, saidBy }),
);

/** Every image of others that a manifest, a script or the build names, without its digest. */
function named(): string[] {
  const folders = ['manifests', 'scripts', 'action'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => /\.(yaml|sh)$/.test(file))
      .map((file) => join(folder, file)),
  );
  const text = [...files, 'docker-bake.hcl']
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
  const found =
    text.match(
      /(?:docker\.io|gcr\.io|ghcr\.io|registry\.k8s\.io|quay\.io)\/[\w./-]+:[\w.-]+(?=@sha256:)/g,
    ) ?? [];
  // What describes an image while it is built is in none.
  return [...new Set(found)]
    .filter((image) => !/\/sigstand\/|buildkit-syft-scanner/.test(image))
    .sort();
}

describe('docs/platforms.md', () => {
  it('has a row for every image of others, and for no other', () => {
    const images = rows
      .map(({ image }) => image)
      .filter((image) => !image.endsWith('/kindest/node'));
    expect(images.toSorted()).toEqual(named());
  });

  it('has the nodes that the action starts', () => {
    expect(readFileSync(join(root, 'action/kubernetes'), 'utf8')).toMatch(
      / kindest\/node:v[\d.]+@sha256:/,
    );
    expect(rows.map(({ image }) => image)).toContain('docker.io/kindest/node');
  });

  it('names amd64 and arm64 in each, and who says so', () => {
    for (const { platforms, saidBy } of rows) {
      expect(platforms.split(/, (?:and )?/)).toEqual(expect.arrayContaining(['amd64', 'arm64']));
      expect(saidBy.length).toBeGreaterThan(5);
    }
  });
});
