import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertPinned, digestsOf, imagesIn, pinned } from '../scripts/release/images.ts';
import { built, digest, metadata, names, version } from './pushed.ts';
import { root } from './shell.ts';
import { manifests } from './stack.ts';

describe('what bake says that it pushed', () => {
  it('is a digest for each Job', () => {
    const digests = digestsOf(metadata(), names, version);
    expect([...digests].sort()).toEqual(names.map((job) => [job, digest(job)]).sort());
  });

  it('may have other names beside ours', () => {
    const both = 'ghcr.io/sigstand/createtuf:sha-1,ghcr.io/sigstand/createtuf:0.1.0';
    const change = { createtuf: { ...built('createtuf'), 'image.name': both } };
    expect(digestsOf(metadata(change), names, version).get('createtuf')).toBe(digest('createtuf'));
  });

  const one = 'application/vnd.oci.image.manifest.v1+json';
  const own = built('createtuf');
  it.each<[string, unknown, RegExp]>([
    ['a Job that was not built', metadata({ createtuf: undefined }), /^createtuf: no digest/],
    ['a target that is no Job', metadata({ probe: built('probe') }), /^probe: no Job of ours$/m],
    [
      'no digest',
      metadata({ createtuf: { ...own, 'containerimage.digest': undefined } }),
      /createtuf: no digest/,
    ],
    [
      'a digest cut short',
      metadata({ createtuf: { ...own, 'containerimage.digest': 'sha256:12' } }),
      /createtuf: no digest/,
    ],
    [
      'another version',
      metadata({ createtuf: { ...own, 'image.name': 'ghcr.io/sigstand/createtuf:0.2.0' } }),
      /createtuf: is not named ghcr\.io\/sigstand\/createtuf:0\.1\.0 but/,
    ],
    [
      'another registry',
      metadata({ createtuf: { ...own, 'image.name': 'example.com/createtuf:0.1.0' } }),
      /createtuf: is not named/,
    ],
    [
      'one platform',
      metadata({
        createtuf: {
          ...own,
          'containerimage.descriptor': { mediaType: one, digest: digest('createtuf') },
        },
      }),
      /^createtuf: is for one platform alone$/,
    ],
    [
      'a descriptor of other bytes',
      metadata({
        createtuf: {
          ...own,
          'containerimage.descriptor': { ...own['containerimage.descriptor'], digest: digest('x') },
        },
      }),
      /^createtuf: its descriptor has another digest$/,
    ],
    [
      'one digest for two Jobs',
      metadata({ createtree: { ...own, 'image.name': built('createtree')['image.name'] } }),
      /^two images have one digest$/,
    ],
    ['nothing', {}, /createtuf: missing/],
    ['no object', null, /createtuf: missing/],
  ])('is refused where it has %s', (_what, file, message) => {
    expect(() => digestsOf(file, names, version)).toThrow(message);
  });

  it('is refused with all that is wrong at once', () => {
    const { createtuf: _, ...rest } = metadata() as Record<string, unknown>;
    expect(() => digestsOf({ ...rest, probe: {} }, names, version)).toThrow(
      /createtuf: missing\nprobe: no Job of ours\nprobe: no digest/,
    );
  });
});

describe('the digests in the manifests', () => {
  const digests = digestsOf(metadata(), names, version);
  const line = '  image: ghcr.io/sigstand/createtuf:0.1.0';

  it('stand behind the tag, and replace older ones', () => {
    const once = pinned(line, digests, version);
    expect(once).toBe(`${line}@${digest('createtuf')}`);
    expect(pinned(`${line}@${digest('old')}`, digests, version)).toBe(once);
  });

  it.each([
    [
      'another version',
      '  image: ghcr.io/sigstand/createtuf:0.2.0',
      /createtuf:0\.2\.0: is not 0\.1\.0/,
    ],
    [
      'one that was not built',
      '  image: ghcr.io/sigstand/probe:0.1.0',
      /probe:0\.1\.0: was not built/,
    ],
  ])('are refused to %s', (_what, text, message) => {
    expect(() => pinned(text, digests, version)).toThrow(message);
  });

  it('are asked of every image, ours and others', () => {
    expect(() => assertPinned(line, version)).toThrow(/createtuf:0\.1\.0: has no digest/);
    expect(() => assertPinned('- image: "docker.io/x:1" # y', version)).toThrow(
      'docker.io/x:1: has no digest',
    );
    expect(() => assertPinned(pinned(line, digests, version), '0.2.0')).toThrow(
      'createtuf: is 0.1.0, not 0.2.0',
    );
    expect(() => assertPinned(pinned(line, digests, version), version)).not.toThrow();
  });
});

describe('the version', () => {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');

  it.each(['0.1.0', '0.2.0-rc.1'])('%s is found by those who verify a release', (name) => {
    const [, images = ''] = /grep -oE '([^']+)'/.exec(read('docs/verify-release.md')) ?? [];
    const image = `ghcr.io/sigstand/createtuf:${name}@${digest('createtuf')}`;
    expect(new RegExp(images).exec(`        image: ${image}`)?.[0]).toBe(image);
  });

  it('is one, wherever it stands', () => {
    const named = JSON.stringify(manifests) + read('action/testrelease.yaml');
    const tags = imagesIn(named).map(({ tag }) => tag);
    expect(new Set(tags)).toEqual(new Set([version]));
    const found = {
      'docker-bake.hcl': /variable "TAG" \{\s*default = "(.*)"/.exec(read('docker-bake.hcl'))?.[1],
      'verify-release.md': /^ {4}version=v(.*)$/m.exec(read('docs/verify-release.md'))?.[1],
      'images.sh': /^tag=(.*)$/m.exec(read('scripts/images.sh'))?.[1],
      'README.md': /releases\/download\/v([^/]+)\/sigstand\.yaml/.exec(read('README.md'))?.[1],
      'CHANGELOG.md': /^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1],
    };
    expect(Object.values(found)).toEqual(Object.keys(found).map(() => version));
  });
});
