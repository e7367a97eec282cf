import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { releaseFiles, systems } from '../scripts/release/parts.ts';
import { digest, metadata, names, version } from './pushed.ts';
import { bash, root } from './shell.ts';
import { type Manifest, manifests, name, objectsIn } from './stack.ts';

describe('a release', () => {
  // A copy of what the command reads, so that nothing here is changed.
  const tree = mkdtempSync(join(tmpdir(), 'sigstand-release-'));
  const out = join(tree, 'out');
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [join(tree, 'scripts/release/main.ts'), ...args], {
      encoding: 'utf8',
    });
  const read = (file: string) => readFileSync(join(out, file), 'utf8');

  beforeAll(() => {
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    for (const path of ['chart', 'manifests', 'action', 'scripts/release', 'package.json']) {
      cpSync(join(root, path), join(tree, path), { recursive: true });
    }
    writeFileSync(join(tree, 'metadata.json'), JSON.stringify(metadata()));
    mkdirSync(out);
    writeFileSync(join(out, 'sigstand-0.1.0.tar.gz'), 'archive');
  });
  afterAll(() => rmSync(tree, { recursive: true }));

  it('is of no image without a digest', () => {
    const { status, stderr } = command('render', version, out);
    expect({ status, stderr }).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('has no digest'),
    });
    expect(readdirSync(out)).toEqual(['sigstand-0.1.0.tar.gz']);
  });

  it('is of the version that package.json says', () => {
    expect(command('pin', '0.2.0', join(tree, 'metadata.json'))).toMatchObject({
      status: 65,
      stderr: 'sigstand: package.json is of version 0.1.0, not 0.2.0\n',
    });
  });

  it('tells those who sign and attest what was pushed', () => {
    const { status, stdout } = command('images', version, join(tree, 'metadata.json'));
    expect(status).toBe(0);
    const name = 'ghcr.io/sigstand/createtuf';
    expect(JSON.parse(stdout)).toContainEqual({
      job: 'createtuf',
      name,
      digest: digest('createtuf'),
    });
    expect(JSON.parse(stdout)).toHaveLength(names.length);
  });

  it.each([[[]], [['pin', version]], [['publish', version, 'x']]])('is not made of %j', (args) => {
    expect(command(...args)).toMatchObject({
      status: 64,
      stdout: '',
      stderr: expect.stringContaining('usage'),
    });
  });

  it('pins what was pushed, and is whole in its files', () => {
    const { status, stdout, stderr } = command('pin', version, join(tree, 'metadata.json'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe('');
    expect(command('render', version, out)).toMatchObject({ status: 0, stderr: '' });

    const files = systems.map((system) => `release-${system}.yaml`);
    const others = [
      'checksums.txt',
      'setup-kind.sh',
      'setup-scaffolding-from-release.sh',
      'sigstand-0.1.0.tar.gz',
      'sigstand.yaml',
      'testrelease.yaml',
    ];
    expect(readdirSync(out).sort()).toEqual([...others, ...files].sort());
    const wanted = manifests.map(name).sort();
    expect(objectsIn(read('sigstand.yaml'), 'sigstand.yaml').map(name)).toEqual(
      manifests.map(name),
    );
    const spread = files.flatMap((file) => objectsIn(read(file), file));
    expect([...new Set(spread.map(name))].sort()).toEqual(wanted);
    const twice = spread.filter(({ kind }) => kind !== 'Namespace').map(name);
    expect(twice).toHaveLength(new Set(twice).size);
  });

  it('has nothing but the digests that differs from the manifests', () => {
    const plain = (objects: readonly Manifest[]) =>
      JSON.stringify(objects).replaceAll(
        /(ghcr\.io\/sigstand\/[a-z]+:[0-9.]+)@sha256:[0-9a-f]{64}/g,
        '$1',
      );
    expect(plain(objectsIn(read('sigstand.yaml'), 'sigstand.yaml'))).toBe(plain(manifests));
    expect(read('sigstand.yaml').match(/ghcr\.io\/sigstand\/[a-z]+:0\.1\.0@sha256/g)).not.toBe(
      null,
    );
  });

  it('has the chart’s values pinned too, so that the tag’s chart makes the tag’s manifests', () => {
    const { images } = parse(readFileSync(join(tree, 'chart/values.yaml'), 'utf8'));
    for (const [job, image] of Object.entries(images.names)) {
      expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
      if (names.includes(job)) expect(image).toContain(digest(job));
    }
  });

  it('has the test files of the action, pinned too', () => {
    const own = readFileSync(join(root, 'action/testrelease.yaml'), 'utf8');
    const images = own.match(/ghcr\.io\/sigstand\/[a-z]+:0\.1\.0/g) ?? [];
    expect(images.length).toBeGreaterThan(0);
    expect(
      read('testrelease.yaml').match(/ghcr\.io\/sigstand\/[a-z]+:0\.1\.0@sha256:/g),
    ).toHaveLength(images.length);
    expect(
      read('testrelease.yaml').replaceAll(/(sigstand\/[a-z]+:0\.1\.0)@sha256:[0-9a-f]{64}/g, '$1'),
    ).toBe(own);
  });

  it('has a file for each system that can be applied before the next', () => {
    const there = new Set<string>();
    for (const system of systems) {
      const objects = objectsIn(read(`release-${system}.yaml`), system);
      for (const { metadata } of objects.filter(({ kind }) => kind === 'Namespace')) {
        there.add(metadata.name);
      }
      const inside = objects.flatMap(({ metadata }) => metadata.namespace ?? []);
      expect({ system, homeless: inside.filter((namespace) => !there.has(namespace)) }).toEqual({
        system,
        homeless: [],
      });
      // kubectl makes them in the order of the file.
      const kinds = objects.map(({ kind }) => kind === 'Namespace');
      expect(kinds.lastIndexOf(true)).toBeLessThan(kinds.indexOf(false));
    }
  });

  it('has the checksum of each file, as sha256sum checks it', () => {
    expect(bash('sha256sum --check --strict checksums.txt', { folder: out })).toMatchObject({
      status: 0,
    });
    expect(read('checksums.txt').trim().split('\n')).toHaveLength(readdirSync(out).length - 1);
  });

  it('takes no manifest that is of no system', () => {
    const stray = { '00-namespaces.yaml': 'kind: Namespace\nmetadata: {name: other-system}\n' };
    expect(() => releaseFiles(stray, 'x')).toThrow('Namespace other-system: is of no system');
    expect(() => releaseFiles({}, 'x')).toThrow('trillian: no manifest is named for it');
    expect(() => releaseFiles({ '10-trillian.yaml': 'a: [' }, 'x')).toThrow('10-trillian.yaml: ');
  });
});
