import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bash, inFolder, root, standIn } from './shell.ts';

/* The functions of the scripts by themselves: no cluster, nothing but what a folder holds. */

/** A text with the scripts' functions before it, whose state is in a folder of its own. */
const scripts = (text: string, cluster = 'rig') =>
  inFolder({ cluster, log: '' }, (folder) => ({
    ...bash(
      `source scripts/lib.sh; source scripts/cluster.sh
       k() { echo "k $*"; cat >&2; }\n${text}`,
      { env: { SIGSTAND_OUT: folder } },
    ),
    digests: existsSync(join(folder, 'manifests/20-rekor.yaml'))
      ? (readFileSync(join(folder, 'manifests/20-rekor.yaml'), 'utf8').match(/@sha256:/g)?.length ??
        0)
      : -1,
  }));

describe('a step of a script', () => {
  it('that fails ends it all, with the end of the log', () => {
    const { status, stdout, stderr } = scripts(
      'fails() { echo why; return 3; }; step try fails; echo on',
    );
    expect(status).toBe(1);
    expect(stdout).toContain('✗ try');
    expect(stdout).not.toContain('on\n');
    expect(stderr).toContain('why');
  });

  it('that succeeds is ticked, and says nothing of what it printed', () => {
    const { status, stdout } = scripts('works() { echo noise; }; step try works');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^ {2}✔ try +[\d.]+ s\n$/),
    });
  });
});

describe('the manifests that are applied', () => {
  it('have their digests, but on the rig, which serves other bytes', () => {
    expect(scripts('render_manifests', 'kind').digests).toBeGreaterThan(0);
    expect(scripts('render_manifests', 'current').digests).toBeGreaterThan(0);
    expect(scripts('render_manifests', 'rig').digests).toBe(0);
  });
});

describe('a script that is called wrongly', () => {
  it('ends with 64 before it does anything', () => {
    expect(bash('bash scripts/up.sh --moon')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('unknown argument --moon'),
    });
  });

  // A folder that cannot be made: what should have been refused starts nothing.
  const nowhere = 'SIGSTAND_OUT=/dev/null/out';
  it.each([
    ["--cluster ''", '--cluster wants current, kind or rig'],
    ['--cluster=', '--cluster wants current, kind or rig'],
    ['--cluster=Kind', "--cluster is current, kind or rig, not 'Kind'"],
    ["--registry ''", '--registry wants a PREFIX'],
    ['--registry=', '--registry wants a PREFIX'],
    ["--registry=$'a.test/b\\nc'", '--registry wants a PREFIX such as'],
  ])('refuses %s', (given, words) => {
    expect(bash(`${nowhere} bash scripts/up.sh ${given}`)).toMatchObject({
      status: 64,
      stderr: expect.stringContaining(words),
    });
  });

  it('says where npm has taken an option for one of its own', () => {
    expect(bash(`${nowhere} npm_config_cluster=current bash scripts/up.sh`)).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('npm start -- --cluster'),
    });
  });
});

describe('Debian packages', () => {
  it('are installed only where their program is not there', () =>
    inFolder({}, (folder) => {
      const PATH = standIn(folder, 'apt-get', `echo "$*" >>'${folder}/asked'`);
      const asked = join(folder, 'asked');
      const need = (entries: string) =>
        bash(`source scripts/lib.sh; id() { echo 0; }; need_packages ${entries}`, {
          env: { PATH },
        });
      expect(need('bash:bash')).toMatchObject({ status: 0 });
      expect(existsSync(asked)).toBe(false);
      need('bash:bash no-such-program:its-package');
      expect(readFileSync(asked, 'utf8')).toMatch(/ install its-package\n/);
    }));
});

describe('with-node.sh', () => {
  const script = readFileSync(join(root, 'scripts/with-node.sh'), 'utf8');
  const run = (version: string) =>
    inFolder({ 'scripts/with-node.sh': script }, (folder) => {
      const text = `exec '${process.execPath}' -e "Object.defineProperty(process.versions, 'node', { value: '${version}' });$2"`;
      return bash(`bash '${folder}/scripts/with-node.sh' echo here`, {
        env: { PATH: standIn(folder, 'node', text) },
      });
    });

  it('takes the machine’s own Node where none is pinned, if that is new enough', () => {
    expect(run('24.5.0')).toMatchObject({ status: 0, stdout: 'here\n' });
    expect(run('24.4.9')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('Node 24 is not here'),
    });
  });
});
