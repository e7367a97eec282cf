import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { releasedManifests } from './pushed.ts';
import { inFolder, root } from './shell.ts';
import { machine } from './stand-ins.ts';

/* Why a step failed, and which images a stack has, on a machine of the test's own. */

const on = (text: string, files: Readonly<Record<string, string>> = {}, env = {}) =>
  inFolder({ 'out/cluster': 'current\n', 'out/log': '', ...files }, (folder) =>
    machine(folder, {}).run(text, env),
  );

describe('a step that fails', () => {
  const failing = (printed: string, env: Readonly<Record<string, string>> = {}) =>
    on(`fails() { printf '%s\\n' ${JSON.stringify(printed)}; return 1; }; step try fails`, {}, env);

  it.each([
    ['write /var/lib/docker/x: no space left on device', 'the disk is full'],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'Docker does not answer any more',
    ],
    ['Bind for 127.0.0.1:6443 failed: port is already allocated', 'a port is in use'],
    ['denied: requested access to the resource is denied', 'the registry refuses'],
    ['unexpected status from HEAD request: 403 Forbidden', 'the registry refuses'],
    ['toomanyrequests: You have reached your pull rate limit', 'lets nobody through for now'],
    [
      'http: server gave HTTP response to HTTPS client',
      'plain HTTP: give it as --registry http://PREFIX',
    ],
    ['dial tcp: lookup gcr.io on 127.0.0.53:53: no such host', 'no network'],
    ['exec /nodejs/bin/node: exec format error', 'another architecture'],
  ])('for a known reason says one line, and what to do: %s', (printed, cause) => {
    const { status, stderr } = failing(printed);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^sigstand: try: [^\n]+; the whole log is [^\n]+\/log\n$/);
    expect(stderr).toContain(cause);
  });

  it('for another reason shows the end of its log', () => {
    const { stderr } = failing('something else');
    expect(stderr).toMatch(/^something else\nsigstand: try failed; the whole log is /);
  });
});

describe('the manifests of a stack with a registry', () => {
  const rendered = (registry: string, env: Readonly<Record<string, string>> = {}) =>
    inFolder({ 'out/cluster': 'current\n', 'out/registry': `${registry}\n` }, (folder) => {
      const { status } = machine(folder, {}).run('render_manifests', env);
      expect(status).toBe(0);
      const names = ['10-trillian', '20-rekor', '40-ctlog', '60-tuf'];
      return names.map((name) => readFileSync(join(folder, `out/manifests/${name}.yaml`), 'utf8'));
    });

  it('have our images from there, pulled each time, and those of others from where they were', () => {
    for (const text of rendered('http://example.test:5000/team')) {
      expect(text).not.toContain('ghcr.io/sigstand/');
      const images = [...text.matchAll(/^( *)(?:- )?image: (\S+)\n(.*)/gm)];
      const ours = images.filter(([, , image]) => image?.startsWith('example.test:5000/team/'));
      expect(ours.length).toBeGreaterThan(0);
      expect(ours.every(([, , , next]) => next?.trim() === 'imagePullPolicy: Always')).toBe(true);
      // A key that stands there twice is an error of the parser.
      expect(parseAllDocuments(text).flatMap((one) => ('errors' in one ? one.errors : []))).toEqual(
        [],
      );
    }
    expect(rendered('example.test/team')[0]).toMatch(
      /image: docker\.io\/library\/mariadb:\S+@sha256:/,
    );
  });

  it('have ours by tag, also where a release has them by digest: what is there was built here', () =>
    inFolder(releasedManifests(), (folder) => {
      const [first = ''] = rendered('a.test/x', { SIGSTAND_MANIFESTS: folder });
      expect(first).toMatch(/image: a\.test\/x\/createsecret:[\d.]+\n/);
      expect(first).toMatch(/image: docker\.io\/library\/mariadb:\S+@sha256:/);
      expect(rendered('', { SIGSTAND_MANIFESTS: folder })[0]).toMatch(
        /createsecret:[\d.]+@sha256:/,
      );
    }));

  it('are those of the repository without one', () => {
    expect(rendered('')[1]).toBe(readFileSync(join(root, 'manifests/20-rekor.yaml'), 'utf8'));
    expect(rendered('', { SIGSTAND_BY_TAG: '1' }).join()).not.toContain('@sha256:');
  });

  it.each(['Team/x', 'a b', 'https://a.test/x', 'a.test/x/../y', 'a.test:port/x', '-a/x'])(
    'are not made for %j, which no image is named like',
    (prefix) => {
      expect(on(`well_named '${prefix}'`).status).not.toBe(0);
    },
  );

  it.each(['', 'a.test/x', 'a.test:5000', 'http://10.0.0.1:5000/a/b_c', 'localhost:5000/x'])(
    'are made for %j',
    (prefix) => {
      expect(on(`well_named '${prefix}'`).status).toBe(0);
    },
  );

  it('keep the registry that they were first made with', () => {
    const files = { 'out/made': 'folder\n', 'out/made.json': '{}', 'out/registry': 'a.test/x\n' };
    const choose = (prefix: string) =>
      on(`REGISTRY_PREFIX=${prefix}; choose_cluster current; cat "$OUT/registry"`, files);
    expect(choose('').stdout).toBe('a.test/x\n');
    expect(choose('a.test/x').stdout).toBe('a.test/x\n');
    expect(choose('a.test/y')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('a stack with images of a.test/x: npm stop takes it down'),
    });
    expect(on('REGISTRY_PREFIX=a.test/x; choose_cluster kind').stderr).toContain(
      '--registry goes with --cluster current',
    );
  });
});
