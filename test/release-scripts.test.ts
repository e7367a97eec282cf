import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest, metadata, names, version } from './pushed.ts';
import { bash, inFolder, root, standIn } from './shell.ts';

/* The scripts of the release workflow, on a repository with an origin; what speaks to GitHub is a program of ours. */

const work = mkdtempSync(join(tmpdir(), 'sigstand-publish-'));
const tree = join(work, 'tree');
const git = 'git -c user.name=x -c user.email=x@example.com';
const inTree = (text: string, env = {}) => bash(text, { folder: tree, env });

beforeAll(() => {
  for (const path of [
    'chart',
    'manifests',
    'action',
    'scripts',
    'packages',
    'integrations',
    'package.json',
    'package-lock.json',
    'CHANGELOG.md',
    'LICENSE',
    '.gitignore',
    'docker-bake.hcl',
  ]) {
    cpSync(join(root, path), join(tree, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  writeFileSync(join(work, 'images.json'), JSON.stringify(metadata()));
  const made =
    inTree(`git init -q --bare ../origin && git init -q -b main . && echo node_modules >>.git/info/exclude
    git add . && ${git} commit -qm all && git remote add origin ../origin && git push -q origin main`);
  expect(made).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(work, { recursive: true }));

describe('a version', () => {
  it('is new, and can be released', () => {
    expect(inTree(`bash scripts/release/new.sh ${version}`)).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('is told all that stands against it', () => {
    const { status, stderr } = inTree(
      'echo x >stray; trap "rm stray" EXIT; bash scripts/release/new.sh 9.9.9',
    );
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: [
        `package.json is of version ${version}, not 9.9.9`,
        "CHANGELOG.md has no section '## 9.9.9'",
        'the tree has changes that are not committed',
      ]
        .map((line) => `sigstand: ${line}\n`)
        .join(''),
    });
    expect(inTree("bash scripts/release/new.sh 'v1;id'").stderr).toContain("'v1;id' is no version");
  });

  it('has its section of the changes for notes, without the others', () => {
    const changes =
      '# Changes\n\n## 0.2.0\n\nTwo.\n\n## 0.1.0 (a day)\n\n- One.\n\n## 0.1.0-rc1\n\nNone.\n';
    inFolder(
      {
        'CHANGELOG.md': changes,
        'scripts/release/notes.sh': readFileSync(join(root, 'scripts/release/notes.sh'), 'utf8'),
      },
      (folder) => {
        const notes = (of: string) =>
          bash(`bash scripts/release/notes.sh ${of}`, { folder }).stdout;
        expect(notes('0.1.0')).toBe('- One.\n\n');
        expect(notes('0.2.0')).toBe('Two.\n\n');
        expect(notes('0.3.0')).toBe('');
      },
    );
  });
});

describe('what is pushed', () => {
  it('is signed by digest, with all that is in it, and one that fails ends it', () => {
    const PATH = standIn(work, 'cosign', `echo "$*" >>'${work}/signed'; [ ! -e '${work}/refuse' ]`);
    const sign = () =>
      inTree(`bash scripts/release/sign-images.sh ${version} ../images.json`, { PATH });
    expect(sign()).toMatchObject({ status: 0 });
    const lines = readFileSync(join(work, 'signed'), 'utf8').trim().split('\n');
    expect(lines.sort()).toEqual(
      names.map((job) => `sign --yes --recursive ghcr.io/sigstand/${job}@${digest(job)}`).sort(),
    );
    writeFileSync(join(work, 'refuse'), '');
    expect(sign().status).not.toBe(0);
  });

  it('is built by the builder that is pinned, for its version and commit, and told to the next jobs', () => {
    // It writes what bake would, and notes how it was called.
    const PATH = standIn(
      work,
      'docker',
      `
      echo "$* TAG=\${TAG:-} REVISION=\${REVISION:-} EPOCH=\${SOURCE_DATE_EPOCH:-}" >>'${work}/docker'
      [ "$2" != inspect ] || exit 1
      [ "$2" != bake ] || cp '${work}/images.json' "\${!#}"`,
    );
    standIn(work, 'sudo', 'exit 0');
    const output = join(work, 'output');
    const push = `bash scripts/release/push.sh ${version} ../pushed.json`;
    expect(inTree(push, { PATH, GITHUB_OUTPUT: output })).toMatchObject({ status: 0 });
    const [, create, bake] = readFileSync(join(work, 'docker'), 'utf8').split('\n');
    expect(create).toMatch(
      /^buildx create .*--driver-opt image=moby\/buildkit:v[\d.]+@sha256:[0-9a-f]{64} /,
    );
    const commit = inTree('git rev-parse HEAD; git log -1 --format=%ct').stdout.split('\n');
    expect(bake).toBe(
      `buildx bake --builder sigstand-release --push --metadata-file ../pushed.json TAG=${version} REVISION=${commit[0]} EPOCH=${commit[1]}`,
    );
    const [, images = ''] = /^images=(.*)\n$/.exec(readFileSync(output, 'utf8')) ?? [];
    expect(JSON.parse(images)).toHaveLength(names.length);
  });
});

describe('a release', () => {
  it('is a tag whose commit has the digests, and the files of that commit', () => {
    const told = inTree(
      `${git} tag -l; bash scripts/release/tree.sh ${version} ../images.json ../files; ls ../files`,
    );
    expect(told).toMatchObject({ status: 0, stderr: '' });
    expect(told.stdout).toContain('checksums.txt\n');
    const sums = bash('sha256sum --check --strict checksums.txt', { folder: join(work, 'files') });
    expect(sums).toMatchObject({ status: 0 });
    // The archive is of the tagged tree, with its digests.
    const inside = 'tar -xzOf files/sigstand-0.1.0.tar.gz sigstand-0.1.0/manifests/60-tuf.yaml';
    expect(bash(inside, { folder: work }).stdout).toContain(
      `createtuf:0.1.0@${digest('createtuf')}`,
    );
    // The CLI in it needs no npm packages.
    const alone = `tar -xzf files/sigstand-0.1.0.tar.gz && sigstand-0.1.0/dist/sigstand.cjs --version`;
    expect(bash(alone, { folder: work })).toMatchObject({ status: 0, stdout: `${version}\n` });
    const PATH = standIn(
      work,
      'gh',
      `echo "$*" >>'${work}/gh'; [ "$1" = auth ] || cat >'${work}/notes'`,
    );
    const { status } = inTree(`bash scripts/release/publish.sh ${version} ../files`, { PATH });
    expect(status).toBe(0);

    const [setup, create] = readFileSync(join(work, 'gh'), 'utf8').split('\n');
    expect(setup).toBe('auth setup-git');
    expect(create).toMatch(
      /^release create v0\.1\.0 --verify-tag --prerelease --title v0\.1\.0 --notes-file - .*\/sigstand\.yaml .*\/testrelease\.yaml$/,
    );
    expect(readFileSync(join(work, 'notes'), 'utf8')).toContain('The first version.');

    const tagged = bash('git --git-dir=origin show "v0.1.0:manifests/60-tuf.yaml"', {
      folder: work,
    }).stdout;
    expect(tagged).toContain(`image: ghcr.io/sigstand/createtuf:0.1.0@${digest('createtuf')}\n`);
    const main = bash('git --git-dir=origin show main:manifests/60-tuf.yaml', {
      folder: work,
    }).stdout;
    expect(main).toContain('image: ghcr.io/sigstand/createtuf:0.1.0\n');
    const parent = bash('git --git-dir=origin rev-parse v0.1.0^ main', { folder: work })
      .stdout.trim()
      .split('\n');
    expect(new Set(parent).size).toBe(1);
  });

  it('is not made of a version whose tag is there', () => {
    const { status, stderr } = inTree(`bash scripts/release/new.sh ${version}`);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'sigstand: the tag v0.1.0 is there already\n',
    });
  });
});

describe('a page that is followed', () => {
  const page =
    'Text\n\n    a=1\n    b=$a\n\nmore\n\n    echo "$a $b" >&2; false\n    echo on >&2\n';
  const follow = (...args: string[]) =>
    inFolder({ 'page.md': page }, (folder) =>
      bash(
        `bash '${root}/scripts/release/follow.sh' page.md ${args.join(' ')} 2>&1 | grep -v '^+'`,
        { folder },
      ),
    );

  it('runs its commands in order, and ends with the first that fails', () => {
    expect(follow()).toMatchObject({ status: 1, stdout: '1 1\n' });
  });

  it('takes other values for what it sets, whatever is in them', () => {
    expect(follow(`"a=it's \\$x"`).stdout).toBe("it's $x it's $x\n");
    expect(follow('c=3').stdout).toBe('sigstand: the page sets no c\n');
  });
});
