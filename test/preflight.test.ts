import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder, root } from './shell.ts';
import { docker, go, machine } from './stand-ins.ts';

/* What npm start says is missing, on machines of stand-ins: no Docker, no Go and no cluster is asked. */

const tools = { kubectl: 'echo fine', kind: '' };
const silent =
  'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock." >&2; exit 1';
const refusing =
  'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1';

const ask = (
  cluster: string,
  programs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) => inFolder({}, (folder) => machine(folder, programs).run(`preflight ${cluster}`, env));
/** The things that it names, in their order. */
const named = (stderr: string) => [...stderr.matchAll(/^ {2}(\S+) {2,}/gm)].map(([, what]) => what);

describe('npm start on kind', () => {
  it('names all that is missing in one message, with where to get it', () => {
    const { status, stderr } = ask('kind', {});
    expect(status).toBe(1);
    expect(named(stderr)).toEqual(['Docker', 'kubectl', 'kind']);
    expect(stderr).toContain('https://docs.docker.com/engine/install');
    expect(stderr).toContain('https://kubernetes.io/docs/tasks/tools');
    expect(stderr).toContain('https://kind.sigs.k8s.io');
    expect(stderr).toContain('npm start -- --cluster current');
  });

  it('says brew on a Mac (a uname of ours; no Mac was asked)', () => {
    const { stderr } = ask('kind', { uname: 'echo Darwin' });
    expect(named(stderr)).toEqual(['Node', 'Docker', 'kubectl', 'kind']);
    expect(stderr).toContain('Docker Desktop');
    expect(stderr).toContain('brew install kubectl');
    expect(stderr).not.toContain('apt-get');
  });

  it('builds kubectl and kind itself, where Go is new enough', () => {
    expect(ask('kind', { docker: docker(), go: go('1.99.0') })).toMatchObject({ status: 0 });
    const old = ask('kind', { docker: docker(), go: go('1.19.8') });
    expect(named(old.stderr)).toEqual(['kubectl', 'kind']);
    expect(old.stderr).toMatch(/or Go 1\.\d+\.\d+, by which npm start builds it/);
  });

  it('names a kubectl that cannot wait for what is not there yet', () => {
    const of = (version: string) =>
      ask('kind', { ...tools, docker: docker(), kubectl: `echo "Client Version: v${version}"` });
    expect(of('1.30.9').stderr).toMatch(
      / kubectl +it is 1\.30\.9 here, and must be 1\.31 or newer/,
    );
    expect(of('1.31.0')).toMatchObject({ status: 0 });
    expect(of('1.32.4-dispatcher')).toMatchObject({ status: 0 });
    // Before 1.28 it told its version in Go's own words.
    const old = 'version.Info{Major:\\"1\\", Minor:\\"26\\", GitVersion:\\"v1.26.3\\"}';
    const kubectl = `echo "Client Version: ${old}"`;
    expect(ask('kind', { ...tools, docker: docker(), kubectl }).stderr).toMatch(
      / kubectl +it is 1\.26\.3 here/,
    );
  });

  it.each(['kind', 'current'])('names a kubectl that does not run, on %s', (cluster) => {
    const kubectl = 'echo "cannot execute binary file" >&2; exit 126';
    const { status, stderr } = ask(cluster, { ...tools, docker: docker(), kubectl });
    expect({ status, missing: named(stderr) }).toEqual({ status: 1, missing: ['kubectl'] });
    expect(stderr).toContain("'kubectl version --client' fails here: cannot execute binary file");
  });

  it.each([
    ['names buildx where a new Docker has none', { server: '29.1.3', buildx: false }, ['buildx']],
    [
      'names buildx before the engine runs',
      { server: '29.1.3', buildx: false, info: silent },
      ['Docker', 'buildx'],
    ],
    ['takes a Docker of 20.10 without buildx', { server: '20.10.24', buildx: false }, []],
    ['takes a Docker of 20.10 with buildx', { server: '20.10.24', client: '28.2.2' }, []],
    ['takes a new Docker with buildx', {}, []],
  ])('%s', (_what, versions, missing) => {
    const { status, stderr } = ask('kind', { ...tools, docker: docker(versions) });
    expect(named(stderr)).toEqual(missing);
    expect(status).toBe(missing.length > 0 ? 1 : 0);
  });

  it.each([
    ['is podman', "'docker' is podman here", 'echo podman version 4.9.4'],
    ['refuses this user', 'usermod -aG docker', docker({ info: refusing })],
    ['does not answer', 'start the engine', docker({ info: silent })],
  ])('says so where docker %s', (_what, words, program) => {
    const { status, stderr } = ask('kind', { ...tools, docker: program });
    expect({ status, missing: named(stderr) }).toEqual({ status: 1, missing: ['Docker'] });
    expect(stderr).toContain(words);
  });

  it('names a full disk where the engine is on this machine', () => {
    const more = '  *DockerRootDir*) echo / ;;';
    const df = 'echo head; echo "/dev/x 100 90 10 90% /"';
    const { stderr } = ask('kind', { ...tools, docker: docker({ more }), df });
    expect(stderr).toMatch(/ disk +0 GB are free in \//);
  });
});

describe('npm start on the rig', () => {
  it('wants root, Linux, Debian and Go, and says what of these is not here', () => {
    const { stderr } = ask('rig', { id: 'echo 1000' });
    expect(named(stderr)).toEqual(['root', 'Debian', 'Go']);
    expect(named(ask('rig', { uname: 'echo Darwin' }).stderr)).toEqual(['Linux']);
    const all = { id: 'echo 0', 'apt-get': '', go: go('1.99.0') };
    expect(ask('rig', all)).toMatchObject({ status: 0 });
  });

  it('wants the Go that every part of it wants, and not only its Kubernetes', () => {
    const parts = ['pause', 'kube', 'dns', 'kube-router', 'sigstore', 'cosign3', 'cosign2'];
    const versions = parts.map((part) => {
      const text = readFileSync(join(root, 'test/rig', part, 'go.mod'), 'utf8');
      return /^go (.*)$/m.exec(text)?.[1] ?? '';
    });
    const newest = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
    const on = (version: string) => ask('rig', { id: 'echo 0', 'apt-get': '', go: go(version) });
    expect(on('1.25.9').stderr).toContain(`by Go ${newest} or newer`);
    expect(on(`${newest}`)).toMatchObject({ status: 0 });
  });
});

describe('npm start on the current cluster', () => {
  const kubectl = (context: string, ready: string) =>
    `case "$*" in *current-context*) ${context} ;; *readyz*) ${ready} ;; esac`;

  it('says which is missing: kubectl, a context, an answer', () => {
    expect(named(ask('current', {}).stderr)).toEqual(['kubectl']);
    const none = ask('current', { kubectl: kubectl('echo no >&2; exit 1', '') });
    expect(none.stderr).toContain('kubectl has no current context');
    const gone = ask('current', {
      kubectl: kubectl('echo mine', 'echo "dial tcp: refused" >&2; exit 1'),
    });
    expect(gone.stderr).toContain('the context mine does not answer: dial tcp: refused');
    expect(ask('current', { kubectl: kubectl('echo mine', '') })).toMatchObject({ status: 0 });
  });

  it('wants what builds images only where a registry is to have them', () => {
    const fine = { kubectl: kubectl('echo mine', ''), id: 'echo 1000' };
    const env = { REGISTRY_PREFIX: 'example.test/a' };
    expect(named(ask('current', fine, env).stderr)).toEqual(['builder']);
    expect(ask('current', { ...fine, docker: docker() }, env)).toMatchObject({ status: 0 });
    const buildah = { ...fine, buildah: '', jq: '', id: 'echo 0' };
    expect(ask('current', buildah, env)).toMatchObject({ status: 0 });
  });
});

describe('without --cluster', () => {
  const chosen = (programs: Readonly<Record<string, string>>) =>
    inFolder({}, (folder) => machine(folder, programs).run('choose_cluster ""; cluster')).stdout;

  it('an engine that answers is taken, else the rig by root on Linux, else Docker is asked for', () => {
    expect(chosen({ docker: docker() })).toBe('kind\n');
    expect(chosen({ id: 'echo 0' })).toBe('rig\n');
    expect(chosen({ id: 'echo 0', docker: docker({ info: silent }) })).toBe('rig\n');
    expect(chosen({ id: 'echo 0', docker: 'echo podman version 4.9.4' })).toBe('rig\n');
    expect(chosen({ id: 'echo 1000' })).toBe('kind\n');
    expect(chosen({ id: 'echo 0', uname: 'echo Darwin' })).toBe('kind\n');
  });

  it('a start that came to nothing binds no later one', () =>
    inFolder({ 'out/cluster': 'kind\n', 'out/made': 'folder\n' }, (folder) => {
      const there = machine(folder, {});
      expect(there.run('choose_cluster current; cluster').stdout).toBe('current\n');
    }));

  it('what was made is not left for another', () =>
    inFolder({ 'out/cluster': 'rig\n', 'out/made': 'folder\nrig mine\n' }, (folder) => {
      const there = machine(folder, {});
      expect(there.run('choose_cluster kind')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('made a stack on another cluster, rig: npm stop'),
      });
      expect(there.run('choose_cluster rig', { RIG: 'other' }).stderr).toContain(
        'npm start made the rig mine from here, and not other: npm stop takes it down',
      );
      expect(there.run('cluster').stdout).toBe('rig\n');
    }));
});

it('what is asked in time is ended when that is over', () =>
  inFolder({}, (folder) => {
    const { run } = machine(folder, {});
    const began = Date.now();
    expect(run('in_time 1 sleep 60').status).not.toBe(0);
    expect(Date.now() - began).toBeLessThan(15_000);
    expect(run('in_time 9 true').status).toBe(0);
    expect(run('in_time 9 bash -c "exit 3"').status).toBe(3);
  }));
