import { describe, expect, it } from 'vitest';
import { releasedManifests } from './pushed.ts';
import { inFolder, root } from './shell.ts';
import { docker, machine } from './stand-ins.ts';

/* How npm start calls docker and kind: stand-ins of ours that note it. test/kind asks the real ones. */

const base = 'gcr.io/distroless/nodejs24-debian12';
const ours =
  'TAG="$TAG" REGISTRY="$REGISTRY" PLATFORMS="$PLATFORMS" SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH"';

interface Case {
  readonly programs: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

function called(text: string, { programs, files = {}, env = {} }: Case) {
  return inFolder({ 'out/cluster': 'kind\n', 'out/log': '', ...files }, (folder) => {
    const there = machine(folder, programs);
    const said = there.run(`jobs='one two'; tag=0.1.0; ${text}`, env);
    return { ...said, called: there.called().filter((line) => !/ (info|version)\b/.test(line)) };
  });
}

describe('the images, by a Docker engine', () => {
  const bakes = `  'buildx bake'*) echo "${ours.replaceAll('"', '')}" ;;`;

  it('are baked with what is said here, whatever the environment has', () => {
    const env = { TAG: 'stale', REGISTRY: 'elsewhere', PLATFORMS: 'linux/s390x' };
    const { called: lines, stdout } = called('docker_images ghcr.io/sigstand amd64', {
      programs: { docker: docker({ more: bakes }) },
      env,
    });
    expect(lines).toEqual([
      'docker buildx bake -f docker-bake.hcl --progress plain --provenance=false --sbom=false --load one two',
    ]);
    expect(stdout).toBe(
      'TAG=0.1.0 REGISTRY=ghcr.io/sigstand PLATFORMS=linux/amd64 SOURCE_DATE_EPOCH=0\n',
    );
  });

  it('are for the nodes, whatever DOCKER_DEFAULT_PLATFORM has', () => {
    const more = '  \'build \'*) echo "platform=$DOCKER_DEFAULT_PLATFORM" ;;';
    const { stdout } = called('docker build .', {
      programs: { docker: docker({ more }) },
      env: { DOCKER_DEFAULT_PLATFORM: 'linux/s390x' },
    });
    expect(stdout).toBe('platform=\n');
  });

  it('are not built at the tag of a release, whose manifests name them by digest', () =>
    inFolder(releasedManifests(), (SIGSTAND_MANIFESTS) => {
      const programs = { docker: docker({ more: bakes }), kind: 'exit 9' };
      const said = called('bash scripts/images.sh', { programs, env: { SIGSTAND_MANIFESTS } });
      expect(said).toMatchObject({
        status: 0,
        stdout: 'the cluster pulls our images: this is a release\n',
        called: [],
      });
    }));

  it('are pushed for every architecture of the nodes, over plain HTTP where that was said', () => {
    const push = (registry: string) =>
      called('docker_images example.test/a "amd64 arm64 " push', {
        programs: { docker: docker({ more: bakes }) },
        files: { 'out/registry': `${registry}\n` },
      });
    const { called: lines, stdout } = push('example.test/a');
    expect(lines[0]).toMatch(/ --provenance=false --sbom=false --push one two$/);
    expect(stdout).toContain('REGISTRY=example.test/a PLATFORMS=linux/amd64,linux/arm64 ');
    expect(push('http://example.test/a').called[0]).toContain(
      '--set *.output=type=registry,registry.insecure=true',
    );
  });

  it('are built one by one where BuildKit knows no named contexts, from a Dockerfile that names the base', () => {
    const more = `  'build '*) echo "$DOCKER_BUILDKIT $BUILDX_NO_DEFAULT_ATTESTATIONS"; grep ^FROM ;;`;
    const programs = { docker: docker({ server: '20.10.24', buildx: false, more }) };
    const { called: lines, stdout } = called('docker_images ghcr.io/sigstand amd64', { programs });
    expect(lines).toEqual(
      ['one', 'two'].map(
        (job) =>
          `docker build --progress plain --build-arg JOB=${job} --build-arg SOURCE_DATE_EPOCH=0 -t ghcr.io/sigstand/${job}:0.1.0 -f - .`,
      ),
    );
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      '1 1',
      expect.stringMatching(`^FROM ${base}:nonroot@sha256:[0-9a-f]{64} AS job$`),
      'FROM job AS code',
      'FROM job',
    ]);
    const other = called('docker_images ghcr.io/sigstand arm64', { programs });
    expect(other.stdout).toContain('cause: the nodes are arm64, this engine builds for amd64');
  });

  it.each([
    ['github.com/docker/buildx v0.10.5 86bdced', 'build'],
    ['github.com/docker/buildx v0.5.1-docker 11057da', 'build'],
    ['github.com/docker/buildx v0.11.0 687feca', 'bake'],
    ['github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-1', 'bake'],
    ['github.com/docker/buildx v0.30.1-desktop.1 9e66234', 'bake'],
  ])('are baked only by a buildx that knows a matrix, as of 0.11: %s', (version, builder) => {
    const more = `  'buildx version') echo '${version}' ;;`;
    const programs = { docker: docker({ server: '23.0.6', more }) };
    expect(called('engine_builder', { programs }).stdout).toBe(`${builder}\n`);
  });
});

const nodes = (state: string) =>
  `  inspect*) echo ${state} ;;\n  'exec '*'images ls'*) cat "$KEPT" ;;`;
const kind = [
  'case "$*" in',
  `  'get clusters') cat "$CLUSTERS" ;;`,
  `  'get kubeconfig'*) echo config ;;`,
  `  'create '*) echo sigstand >>"$CLUSTERS"; : >"$SIGSTAND_OUT/kubeconfig" ;;`,
  `  'delete '*) [ -z "$CLUSTERS" ] || : >"$CLUSTERS" ;;`,
  'esac',
].join('\n');

/** start_cluster on kind, with what `kind get clusters` says. */
const start = (clusters: string, state = 'running', files: Record<string, string> = {}) =>
  inFolder(
    { 'out/cluster': 'kind\n', 'out/made': '', 'out/log': '', clusters, ...files },
    (folder) => {
      const programs = { docker: docker({ more: nodes(state) }), kind, kubectl: 'echo fine' };
      const there = machine(folder, programs);
      const said = there.run(`start_cluster; cat "$OUT/made"`, { CLUSTERS: `${folder}/clusters` });
      const kinds = there.called().filter((line) => /^(kind|docker (un|st))/.test(line));
      return { ...said, called: kinds.map((line) => line.replaceAll(folder, '')) };
    },
  );

describe('the kind cluster', () => {
  it('is made, and deleted, with a kubeconfig of its own: the user’s stays as it is', () => {
    const { called: lines, stdout } = start('other\n');
    expect(lines).toEqual([
      'kind get clusters',
      'kind create cluster --name sigstand --kubeconfig /out/kubeconfig --wait 3m',
    ]);
    expect(stdout).toContain('kind sigstand\nwhole sigstand\n');
    expect(called('delete_kind', { programs: { kind }, env: { CLUSTERS: '' } }).called[0]).toMatch(
      /^kind delete cluster --name sigstand --kubeconfig \S+\/out\/kubeconfig$/,
    );
  });

  it('is told to take cgroup v1 where the engine has no other', () => {
    const programs = { docker: docker({ more: '  *CgroupVersion*) echo 1 ;;' }), kind };
    expect(
      called('create_kind', { programs, env: { CLUSTERS: '/dev/null' } }).called.at(-1),
    ).toMatch(/ --wait 3m --config scripts\/kind\/cgroup-v1\.yaml$/);
  });

  it.each([
    ['exited', 'docker start sigstand-control-plane'],
    ['created', 'docker start sigstand-control-plane'],
    ['paused', 'docker unpause sigstand-control-plane'],
  ])('that is %s is started again', (state, command) => {
    const { status, stdout, called: lines } = start('sigstand\n', state);
    expect(status).toBe(0);
    expect(stdout).toContain('✔ kind cluster that stood still, started');
    expect(lines).toContain(command);
    expect(lines.join()).not.toContain('create');
  });

  it('is found among many', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `other-${i}\n`).join('');
    expect(start(`sigstand\n${many}`).called.join()).not.toContain('create');
  });

  it('that runs is left as it is', () => {
    expect(start('sigstand\n').called.join()).not.toMatch(/create|start |delete/);
  });

  it('that was half made is made anew, and only by whoever made it', () => {
    const half = start('sigstand\n', 'running', { 'out/made': 'kind sigstand\n' });
    expect(half.called.join('\n')).toMatch(/kind delete cluster [^\n]+\n(.*\n)*kind create/);
    const whole = start('sigstand\n', 'running', { 'out/made': 'kind sigstand\nwhole sigstand\n' });
    expect(whole.called.join()).not.toMatch(/create|delete/);
  });
});

describe('the images of others', () => {
  const bring = (kept: string) =>
    inFolder({ 'out/cluster': 'kind\n', 'out/log': '', kept }, (folder) => {
      const there = machine(folder, { docker: docker({ more: nodes('running') }) });
      const said = there.run('render_manifests; bring_others', { KEPT: `${folder}/kept` });
      const pulls = there.called().filter((line) => line.includes('crictl pull'));
      return {
        ...said,
        pulls: pulls.map((line) => line.replace(/.*crictl pull /, '')),
        images: said,
      };
    });

  it('are pulled onto the node, each once, with a line for each', () => {
    const { stdout, pulls } = bring('');
    expect(pulls.length).toBeGreaterThanOrEqual(8);
    expect(pulls.every((one) => /@sha256:[0-9a-f]{64}$/.test(one))).toBe(true);
    expect(pulls.join()).not.toContain('/sigstand/');
    expect(pulls.join()).toContain('mariadb');
    expect(stdout).toMatch(new RegExp(`✔ 1 of ${pulls.length} images: \\S+:\\S+ `));
    const digests = pulls.map((one) => one.replace(/:[^:@/]+@/, '@')).join('\n');
    expect(bring(digests)).toMatchObject({ pulls: [], status: 0 });
  });
});

it('what runs on macOS has nothing that its bash 3.2 and its BSD tools do not know (by reading; no Mac was asked)', () =>
  inFolder({}, (folder) => {
    const { run } = machine(folder, {});
    const scripts =
      'up down lib causes engine tools preflight cluster kind others stack images docker usage export setup with-node fetch';
    const later = String.raw`\b(mapfile|readarray|coproc)\b|declare -[Ag]|local -n|wait -n|\$\{[a-z_]+(,,|\^\^|@[A-Z])|\|&|&>>|;;?&|printf '%\(|sed -i|readlink -f|\bsha256sum\b [^>]|date -d|stat -c|cp -rl|xargs -r|grep -P|\btimeout [0-9]`;
    const files = scripts
      .split(' ')
      .map((name) => `${root}/scripts/${name}.sh`)
      .join(' ');
    const { stdout } = run(
      `grep -nE '${later.replaceAll("'", `'\\''`)}' ${files} | grep -v 'printf .%(' || true`,
    );
    expect(stdout).toBe('');
  }));
