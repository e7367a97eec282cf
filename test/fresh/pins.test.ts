import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunOptions, root, run } from '../cluster/rig.ts';
import { type Registry, registry } from './registry.ts';

let work = '';
let empty: Registry;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-pins-'));
  empty = await registry();
});
afterAll(async () => {
  await empty.close();
  await rm(work, { recursive: true, force: true });
});

/** Runs a command that must fail, and gives the lines of its standard error. */
async function lastWords(command: string, args: readonly string[], options: RunOptions) {
  const { status, stdout, stderr } = await run(command, args, options);
  expect({ status, stdout, stderr }).not.toMatchObject({ status: 0 });
  return stderr.trimEnd().split('\n');
}

const build = (part: string, env: Readonly<Record<string, string>>) =>
  lastWords('test/rig/rig', ['build', part], {
    env: { SIGSTAND_CACHE: join(work, 'cache'), ...env },
  });

describe('a Go module that is gone', () => {
  const from = (proxy: string) => ({ GOPROXY: proxy, GOMODCACHE: join(work, 'go') });

  it('is named, with the go.mod that asks for it', async () => {
    const pinned = /go-tuf\/v2 (v\S+)/.exec(
      await readFile(`${root}/test/rig/go-tuf/go.mod`, 'utf8'),
    );
    expect(await build('go-tuf', from(empty.url))).toEqual([
      expect.stringContaining(
        'rig: test/rig/go-tuf/go.mod names github.com/theupdateframework/go-tuf/v2@' +
          `${pinned?.[1]}, which the registry does not serve; the whole log: `,
      ),
    ]);
  });

  it('is not blamed where there is no network', async () => {
    expect(await build('go-tuf', from('off'))).toEqual([
      expect.stringContaining(
        'rig: test/rig/go-tuf/go.mod names what a registry serves, and that registry cannot be reached',
      ),
    ]);
  });
});

describe('kind, where it is gone', () => {
  it('is named, with the go.mod that asks for it', async () => {
    const script = `source scripts/lib.sh; source scripts/cluster.sh
      mkdir -p "$OUT"; PINS=scripts/kind/go.mod step kind build_tool kind`;
    const env = {
      SIGSTAND_OUT: join(work, 'out'),
      SIGSTAND_CACHE: join(work, 'cache'),
      GOPROXY: empty.url,
      GOMODCACHE: join(work, 'go'),
    };
    expect(await lastWords('bash', ['-c', script], { env })).toEqual([
      expect.stringMatching(
        /^sigstand: scripts\/kind\/go\.mod names \S+@v\S+, which the registry does not serve;/,
      ),
    ]);
  });
});

describe('a Go module with other bytes', () => {
  it('is named as such', async () => {
    const told = 'verifying example.test/m@v1.2.3: checksum mismatch';
    const script = `source scripts/fetch.sh; gone_pin <<<'${told}'`;
    expect(await run('bash', ['-c', script])).toMatchObject({
      stdout: 'example.test/m@v1.2.3, which is served with other bytes than those\n',
    });
  });
});

// cargo is on no machine that runs these; its words are those of cargo 1.95 before a registry that has lost a crate.
describe('a crate', () => {
  it.each([
    [
      'whose version is gone',
      'error: failed to select a version for the requirement `itoa = "^1"` (locked to 1.0.19)',
      'itoa@1.0.19, which the registry does not serve',
    ],
    [
      'whose file is gone',
      '  failed to get successful HTTP response from `http://127.0.0.1:1/dl/itoa/1.0.19/download` (127.0.0.1), got 404',
      'itoa@1.0.19, which the registry does not serve',
    ],
    [
      'that is gone altogether',
      'error: no matching package named `itoa` found',
      'itoa, which the registry does not serve',
    ],
    [
      'of another checksum',
      'error: checksum for `itoa v1.0.19` changed between lock files',
      'itoa@1.0.19, which is served with other bytes than those',
    ],
    [
      'with other bytes',
      '  failed to verify the checksum of `itoa v1.0.19 (registry `local`)`',
      'itoa@1.0.19, which is served with other bytes than those',
    ],
    [
      'that no network leads to',
      '  [6] Could not resolve host (Could not resolve host: index.invalid)',
      'what a registry serves, and that registry cannot be reached',
    ],
  ])('%s is named as such', async (_what, told, named) => {
    const script = 'source scripts/fetch.sh; gone_pin <<<"$TOLD"';
    expect(await run('bash', ['-c', script], { env: { TOLD: told } })).toMatchObject({
      stdout: `${named}\n`,
    });
  });
});

describe('a Python package that is gone', () => {
  const from = (url: string) => ({
    PIP_INDEX_URL: `${url}/simple`,
    PIP_FIND_LINKS: '',
    PIP_NO_CACHE_DIR: '1',
  });
  const first = async () => {
    const text = await readFile(`${root}/test/rig/sigstore-python/requirements.txt`, 'utf8');
    const [, name = '', version = ''] = /^(\S+)==(\S+)/m.exec(text) ?? [];
    return { name, version };
  };

  it('is named, with the requirements.txt that asks for it', async () => {
    const { name, version } = await first();
    expect(await build('sigstore-python', from(empty.url))).toEqual([
      expect.stringContaining(
        `rig: test/rig/sigstore-python/requirements.txt names ${name}==${version}, ` +
          "which the registry does not serve for this machine's Python",
      ),
    ]);
  });

  it('is named where the registry has other bytes under its version', async () => {
    const { name, version } = await first();
    const wheel = `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
    const other = await registry({
      [`/simple/${name}/`]: `<a href="/${wheel}">${wheel}</a>`,
      [`/${wheel}`]: 'other bytes',
    });
    const words = await build('sigstore-python', from(other.url));
    await other.close();
    expect(words).toEqual([
      expect.stringContaining(
        `names ${name}==${version}, which is served with other bytes than those; the whole log`,
      ),
    ]);
  });

  it('is not blamed where the registry is out of reach', async () => {
    const env = { ...from('http://127.0.0.1:1'), PIP_RETRIES: '1' };
    expect(await build('sigstore-python', env)).toEqual([
      expect.stringContaining('names what a registry serves, and that registry cannot be reached'),
    ]);
  });
});

describe('an npm package that is gone', () => {
  it('is named, with the lock file that asks for it', async () => {
    const tree = join(work, 'tree');
    await mkdir(tree);
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'scripts'])
      await cp(join(root, file), join(tree, file), { recursive: true });
    await cp(join(root, 'packages'), join(tree, 'packages'), {
      recursive: true,
      filter: (path) => !path.includes('node_modules') && !path.endsWith('.ts'),
    });
    const registry = { npm_config_registry: empty.url, npm_config_cache: join(work, 'npm') };
    const env = { ...registry, SIGSTAND_INSTALL: 'yes' };
    const words = await lastWords('bash', [join(tree, 'scripts/setup.sh')], { env });
    expect(words).toEqual([
      expect.stringMatching(
        /^sigstand: package-lock\.json names \S+@\d[\d.]*, which the registry does not serve$/,
      ),
    ]);
  });
});

describe('a Debian package that is gone', () => {
  it('is named, with the script that asks for it', async () => {
    const state = join(work, 'apt');
    await mkdir(join(state, 'lists/partial'), { recursive: true });
    await writeFile(join(state, 'status'), '');
    await writeFile(
      join(work, 'apt.conf'),
      `Dir::State "${state}"; Dir::State::status "${state}/status"; Dir::Cache "${state}";
       Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";`,
    );
    await writeFile(
      join(work, 'asks.sh'),
      `set -euo pipefail; source ${root}/scripts/lib.sh\nneed_packages no-such-program:no-such-package\n`,
    );
    const env = { APT_CONFIG: join(work, 'apt.conf') };
    const words = await lastWords('bash', [join(work, 'asks.sh')], { env });
    expect(words).toEqual([
      `sigstand: ${join(work, 'asks.sh')} names no-such-package, which Debian's lists do not have`,
    ]);
  });
});
