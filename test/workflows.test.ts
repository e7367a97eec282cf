import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bash, root } from './shell.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(root, '.github/workflows');
const texts = readdirSync(folder).map(
  (file) => [file, readFileSync(join(folder, file), 'utf8')] as const,
);
const workflows = texts.map(([file, text]) => ({ file, ...(parse(text) as Workflow) }));
const jobs = workflows.flatMap(({ file, jobs }) =>
  Object.entries(jobs).map(([id, job]) => ({ title: `${file} ${id}`, ...job })),
);
const scripts = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;

describe('the workflows', () => {
  it('are those that there are', () => {
    expect(workflows.map(({ file }) => file).sort()).toEqual([
      'ci.yaml',
      'nightly.yaml',
      'release.yaml',
    ]);
  });

  it('name each action by its commit, with the release that it is, and one commit of each', () => {
    const uses = texts.flatMap(([, text]) =>
      [...text.matchAll(/uses: (.*)$/gm)].map(([, line = '']) => line),
    );
    const others = uses.filter((line) => !line.startsWith('./'));
    const pinned = /^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
    expect(others.filter((line) => !pinned.test(line))).toEqual([]);
    const repository = (line: string) => line.split('@')[0]!.split('/').slice(0, 2).join('/');
    const pins = others.map((line) => [repository(line), line.split('@')[1]]);
    expect(new Set(pins.map((pin) => pin.join())).size).toBe(
      new Set(pins.map(([name]) => name)).size,
    );
  });

  it('grant nothing to a whole workflow, and to each job what it says', () => {
    expect(workflows.map(({ permissions }) => permissions)).toEqual(workflows.map(() => ({})));
    const writes = jobs.flatMap(({ title, permissions = {} }) => {
      const names = Object.entries(permissions).filter(([, level]) => level !== 'read');
      return names.length > 0
        ? [
            `${title}: ${names
              .map(([name]) => name)
              .sort()
              .join(' ')}`,
          ]
        : [];
    });
    expect(writes).toEqual([
      'release.yaml images: id-token packages',
      'release.yaml attest: attestations id-token packages',
      'release.yaml files: attestations contents id-token',
      'release.yaml latest: contents',
    ]);
  });

  it('end by themselves', () => {
    expect(jobs.filter((job) => job['timeout-minutes'] === undefined)).toEqual([]);
  });

  it('run scripts and pages that there are', () => {
    const runs = jobs.flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    const files = runs.flatMap((run) => run.match(/\b(?:scripts|docs)\/[\w./-]+/g) ?? []);
    expect(files.length).toBeGreaterThan(8);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    const npm = runs.flatMap((run) => /npm (?:run "?)?([\w:]+)/.exec(run)?.[1] ?? []);
    expect(npm.filter((name) => name !== 'test:' && scripts[name] === undefined)).toEqual([]);
  });

  it('run each night what is too long for every change', () => {
    const long = Object.keys(scripts).flatMap((name) => /^test:(.*)/.exec(name)?.[1] ?? []);
    const night = workflows.find(({ file }) => file === 'nightly.yaml')!.jobs.long!;
    expect(night.strategy?.matrix.run).toEqual(long.filter((name) => name !== 'quick').sort());
  });

  it('build with programs whose bytes are named', () => {
    const push = readFileSync(join(root, 'scripts/release/push.sh'), 'utf8');
    expect(push).toMatch(/^buildkit=moby\/buildkit:v[\d.]+@sha256:[0-9a-f]{64}$/m);
    const bake = readFileSync(join(root, 'docker-bake.hcl'), 'utf8');
    expect(bake).toMatch(/type=sbom,generator=\S+:[\d.]+@sha256:[0-9a-f]{64}"/);
  });
});

describe('npm run check', () => {
  /** What lint.sh says of a tree whose one workflow this is. */
  function linted(workflow: string, env = {}) {
    const tree = mkdtempSync(join(tmpdir(), 'sigstand-lint-'));
    try {
      for (const path of ['lint', 'lint.sh', 'fetch.sh']) {
        cpSync(join(root, 'scripts', path), join(tree, 'scripts', path), { recursive: true });
      }
      cpSync(folder, join(tree, '.github/workflows'), { recursive: true });
      writeFileSync(join(tree, '.github/workflows/ci.yaml'), workflow);
      // actionlint takes a tree of git for a project.
      const cache = process.env.SIGSTAND_CACHE ?? join(homedir(), '.cache/sigstand');
      return bash('git init -q . && bash scripts/lint.sh', {
        folder: tree,
        env: { SIGSTAND_CACHE: cache, ...env },
      });
    } finally {
      rmSync(tree, { recursive: true });
    }
  }
  const own = readFileSync(join(folder, 'ci.yaml'), 'utf8');

  it('finds nothing in what is there', () => {
    expect(linted(own)).toMatchObject({ status: 0, stdout: '' });
  });

  it.each([
    [
      'a key that GitHub does not know',
      own.replace('timeout-minutes', 'timeout-minuts'),
      /unexpected key "timeout-minuts"/,
    ],
    [
      'an expression of what is not there',
      own.replace('env.SIGSTAND_CACHE', 'inputs.cache'),
      /"cache" is not defined/,
    ],
    [
      'a shell that would split a word',
      own.replace('as-root.sh npm test', 'as-root.sh npm $WHAT'),
      /SC2086/,
    ],
    ['an action by its tag', own.replace(/checkout@[0-9a-f]{40}/, 'checkout@v7'), /unpinned-uses/],
    [
      'what others write, in a shell',
      own.replace('as-root.sh npm test', `npm "\${{ github.head_ref }}"`),
      /template-injection/,
    ],
    [
      'a token that stays',
      own.replace('persist-credentials: false', 'fetch-depth: 1'),
      /artipacked/,
    ],
  ])('refuses %s', (_what, workflow, message) => {
    expect(workflow).not.toBe(own);
    const { status, stdout } = linted(workflow);
    expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringMatching(message) });
  });

  it('says what it needs, where that is not there, and leaves out what it is told to', () => {
    const PATH = join(root, 'node_modules/.none');
    const only = `PATH='${PATH}'; hash -r; `;
    expect(
      bash(
        `bash=$BASH; ${only} cd() { builtin cd "$@"; }; $bash -c 'dirname() { echo scripts; }; source scripts/lint.sh'`,
      ),
    ).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('need go: install it, or leave them out by LINT=no'),
    });
    expect(linted('broken: [', { LINT: 'no' })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('not checked, by LINT=no'),
    });
  });
});
