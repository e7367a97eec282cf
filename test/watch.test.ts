import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { releasedManifests } from './pushed.ts';
import { inFolder, root } from './shell.ts';
import { machine } from './stand-ins.ts';

/* What a gate does about images that nobody can pull, against a kubectl of ours that shows such Pods. The real ones are on the
   rig: install/current.test.ts. */

const on = (text: string, files: Readonly<Record<string, string>> = {}, env = {}) =>
  inFolder({ 'out/cluster': 'current\n', 'out/log': '', ...files }, (folder) =>
    machine(folder, { kubectl: `cat '${folder}/pods'` }).run(text, env),
  );

const pod = (image: string, reason: string, message: string) => `${image}\t${reason}\t${message}\n`;
const notFound =
  'rpc error: code = NotFound desc = failed to pull and unpack image "a.test/x:1": failed to resolve reference "a.test/x:1": a.test/x:1: not found';

describe('an image that is not pulled', () => {
  it.each([
    ['that is not there', 'end', 'ErrImagePull', notFound, 'not found (ErrImagePull)'],
    [
      'whose back-off says why',
      'end',
      'ImagePullBackOff',
      `Back-off pulling image "a.test/x:1": ErrImagePull: ${notFound}`,
      'not found (ImagePullBackOff)',
    ],
    [
      'whose name is none',
      'end',
      'InvalidImageName',
      'Failed to apply default image tag "A:1": invalid reference format',
      'invalid reference format (InvalidImageName)',
    ],
    [
      'that is refused',
      'end',
      'ErrImagePull',
      'pull access denied, repository does not exist or may require authorization',
      '(ErrImagePull)',
    ],
    [
      'whose registry is slow',
      'say',
      'ErrImagePull',
      'dial tcp 192.0.2.1:443: i/o timeout',
      'i/o timeout (ErrImagePull)',
    ],
  ])('%s is told with its reason: %s', (_what, told, reason, message, end) => {
    const { stdout } = on('look', { pods: pod('a.test/x:1', reason, message) });
    expect(stdout).toMatch(new RegExp(`^${told}\tthe image a\\.test/x:1 cannot be pulled: `));
    expect(stdout.trim().endsWith(end)).toBe(true);
    expect(stdout).not.toContain('rpc error');
  });

  it('is told once, and what only waits is not', () => {
    const pods =
      pod('a.test/x:1', 'ErrImagePull', notFound).repeat(2) +
      pod('a.test/x:1', 'ImagePullBackOff', 'Back-off pulling image "a.test/x:1"') +
      pod('a.test/y:1', 'ContainerCreating', '') +
      pod('a.test/z:1', 'PodInitializing', '');
    expect(on('look', { pods }).stdout.trim().split('\n')).toHaveLength(1);
  });
});

describe('what is watched', () => {
  const watched = (look: string, work: string) =>
    on(
      `look() { printf '${look}'; }; began=$SECONDS; s=0; watched ${work} || s=$?; echo "ended $s in $((SECONDS - began))"`,
    );

  it('ends within seconds where its end would be in vain, with the reason', () => {
    const { stdout } = watched('end\\tno such image\\n', 'sleep 100');
    expect(stdout).toMatch(/^cause: no such image\nended (?!0 )\d+ in \d\n$/m);
  });

  it('goes on where it may pass, and says so at once, and once', () => {
    const said = inFolder({ 'out/cluster': 'current\n', 'out/log': '' }, (folder) =>
      machine(folder, {}).run(
        `look() { printf 'say\\tthe registry is slow\\n'; }; slow() { sleep 8; echo done; }; both() { watched slow; }; step 'gate' both`,
      ),
    );
    expect(said.stdout).toMatch(/^ {2}… the registry is slow; it is tried again\n {2}✔ gate /);
  });

  it('ends where it has not passed in a minute (here in a second)', () => {
    const { stdout } = on(
      `PATIENCE=1; look() { printf 'say\\tthe registry is slow\\n'; }; watched sleep 100 || echo ended $SECONDS`,
    );
    expect(stdout).toMatch(/^cause: the registry is slow\nended \d\d?$/m);
  });

  it('has its own status where nothing is wrong', () => {
    expect(watched('', 'true').stdout).toMatch(/^ended 0 in [0-2]\n$/);
    expect(watched('', "bash -c 'exit 3'").stdout).toMatch(/^ended 3 in [0-2]\n$/);
  });

  it('leaves nothing running that it started', () => {
    const seconds = `98.${process.pid}`;
    const { stdout } = on(
      `look() { printf 'end\\twhy\\n'; }; deep() { sleep ${seconds} | cat; }; watched deep || true
       sleep 1; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -x '98[.]${process.pid}' || echo none`,
    );
    expect(stdout).toMatch(/none\n$/);
  });
});

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

  it('is not blamed on what a Pod says', () => {
    const { stderr } = failing('--- rekor-system job.batch/createtree\ni/o timeout');
    expect(stderr).toContain('sigstand: try failed;');
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
