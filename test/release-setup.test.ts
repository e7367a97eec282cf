import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wholeScript } from '../scripts/release/script.ts';
import { bash, inFolder, root, standIn } from './shell.ts';

/* The two set-up scripts as a release has them, with an archive whose parts note how they were called. */

const work = mkdtempSync(join(tmpdir(), 'sigstand-setup-'));
const archive = 'sigstand-1.2.3.tar.gz';
const source = (name: string) => readFileSync(join(root, 'scripts/release', name), 'utf8');
const parts = ['inputs', 'cluster', 'images', 'stack', 'reach', 'ksvc'];

beforeAll(() => {
  const note = `echo "$(basename "$0") $(env | grep ^INPUTS_ | sort | paste -sd' ')" >>"$NOTES"`;
  const files = Object.fromEntries(parts.map((part) => [`sigstand-1.2.3/action/${part}.sh`, note]));
  inFolder(files, (folder) => bash(`tar -czf '${work}/${archive}' sigstand-1.2.3`, { folder }));
  const sum = createHash('sha256')
    .update(readFileSync(join(work, archive)))
    .digest('hex');
  for (const name of ['setup-kind.sh', 'setup-scaffolding-from-release.sh']) {
    writeFileSync(join(work, name), wholeScript(source(name), source('unpack.sh'), '1.2.3', sum));
  }
});
afterAll(() => rmSync(work, { recursive: true }));

/** Runs a script by itself in a folder with the archive beside it, or without. */
function setUp(
  script: string,
  args: string,
  { beside = true, served = archive, tampered = false } = {},
) {
  return inFolder({ [script]: readFileSync(join(work, script), 'utf8') }, (folder) => {
    const there = beside ? folder : join(folder, 'cache');
    bash(
      `mkdir -p '${there}'; cp '${work}/${archive}' '${there}/'; ${tampered ? `echo x >>'${there}/${archive}'` : ''}`,
    );
    const PATH = standIn(
      folder,
      'curl',
      `echo "$*" >>'${folder}/asked'; cp '${there}/${served}' "\${@: -2:1}"`,
    );
    standIn(folder, 'kubectl', 'echo cm9vdA==');
    const notes = join(folder, 'notes');
    const env = { PATH, NOTES: notes, XDG_CACHE_HOME: join(folder, 'cache') };
    const ran = bash(`bash ./${script} ${args}; bash ./${script} ${args}`, { folder, env });
    const read = (name: string) => bash(`cat '${name}' 2>/dev/null || true`, { folder }).stdout;
    return { ...ran, notes: read('notes'), asked: read('asked'), root: read('root.json') };
  });
}

describe('setup-kind.sh', () => {
  it('makes what the action makes, with the options that sigstore/scaffolding’s has, again and again', () => {
    const args =
      '--k8s-version v1.34.x --registry-url registry.test:5001 --cluster-suffix a.b --knative-version 1.18.0';
    const { status, notes, asked } = setUp('setup-kind.sh', args);
    const inputs =
      'INPUTS_CLUSTER_SUFFIX=a.b INPUTS_K8S_VERSION=v1.34.x INPUTS_KNATIVE_VERSION=1.18.0 INPUTS_REGISTRY_NAME=registry.test INPUTS_REGISTRY_PORT=5001';
    const once = `inputs.sh ${inputs}\ncluster.sh ${inputs}\n`;
    expect({ status, notes, asked }).toEqual({ status: 0, notes: once + once, asked: '' });
  });

  it('takes no option that it does not know, and none without its value', () => {
    expect(setUp('setup-kind.sh', '--moon 1')).toMatchObject({
      status: 64,
      stderr: 'setup-kind.sh: unknown option --moon\n',
      notes: '',
    });
    expect(setUp('setup-kind.sh', '--k8s-version')).toMatchObject({ notes: '' });
  });
});

describe('setup-scaffolding-from-release.sh', () => {
  const name = 'setup-scaffolding-from-release.sh';

  it('brings the stack up on the cluster that is there, and leaves its root', () => {
    const { status, notes, root } = setUp(name, '--release-version v1.2.3');
    const inputs = 'INPUTS_SIGSTORE_ONLY=true INPUTS_VERSION=v1.2.3';
    const once = parts.map((part) => `${part}.sh ${inputs}\n`).join('');
    expect({ status, notes, root }).toEqual({ status: 0, notes: once + once, root: 'root' });
  });

  it('fetches its release once, where that is not beside it', () => {
    const { status, asked } = setUp(name, '', { beside: false });
    expect(status).toBe(0);
    expect(asked.trim().split('\n')).toHaveLength(1);
    expect(asked).toContain(
      `https://github.com/sigstand/sigstand/releases/download/v1.2.3/${archive}\n`,
    );
  });

  it.each([
    ['beside it', true],
    ['that it was given', false],
  ])('runs nothing of other bytes %s', (_what, beside) => {
    const { status, stderr, notes } = setUp(name, '', { beside, tampered: true });
    expect({ status, notes }).toEqual({ status: 1, notes: '' });
    expect(stderr).toMatch(
      /^setup-scaffolding-from-release\.sh: sigstand-1\.2\.3\.tar\.gz is not the one of this release/,
    );
  });

  it('says what to do without a network', () => {
    expect(setUp(name, '', { beside: false, served: 'nothing' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('cannot be downloaded; put it beside this script'),
      notes: '',
    });
  });

  it('is a release’s, and says so in a checkout', () => {
    expect(bash(`bash scripts/release/${name}`)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('a release has this script'),
    });
  });
});

describe('a script in one file', () => {
  it('is refused where it has not the lines that the release writes', () => {
    expect(() => wholeScript('version=0.0.0\n', '', '1', '2')).toThrow('no one line');
  });
});
