import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { part } from './action/part.ts';
import { bash, inFolder, root } from './shell.ts';

/* How the action makes a cluster, by an engine that stands in. test/action runs it whole. */

/** A Docker engine and kind as the action meets them, which keep what they were asked. */
const engine = {
  docker: `case "$*" in
    --version) echo 'Docker version 29.0.0' ;;
    'info --format'*) echo 2 ;;
    'inspect --format {{.State.Status}}'*) echo running ;;
    'inspect -f {{.State.Running}}'*) cat "$FOLDER/registry" ;;
    'inspect -f {{json .NetworkSettings.Networks}}'*) cat "$FOLDER/networks" ;;
    'run '*) echo true >"$FOLDER/registry" ;;
    'network connect '*) echo '{"bridge":{},"kind":{}}' >"$FOLDER/networks" ;;
    'exec -i '*) cp /dev/stdin "$FOLDER/hosts.toml" ;;
  esac`,
  kind: `case "$*" in
    'get clusters') cat "$FOLDER/clusters" ;;
    'create cluster '*) echo kind >"$FOLDER/clusters" ;;
    'get nodes '*) echo kind-control-plane ;;
    'get kubeconfig '*) echo kubeconfig ;;
  esac`,
  kubectl: `case "$*" in
    *openid-configuration) echo '{"issuer":"https://kubernetes.default.svc.cluster.local"}' ;;
  esac`,
};
const machine = { clusters: '', networks: '{"bridge":{}}', hosts: '127.0.0.1 localhost\n' };

describe('the cluster', () => {
  const prepared = { ...machine, 'out/node-image': 'kindest/node:v1.34.3@sha256:x\n' };

  it('is kind’s, named kind, with the issuer that the field’s tests expect, and a registry beside it', () => {
    const { status, left } = part('cluster', {
      programs: engine,
      files: prepared,
      inputs: { 'cluster-suffix': 'example.org' },
    });
    expect(status).toBe(0);
    const config = parse(left['out/kind.yaml'] ?? '');
    expect(config.nodes).toEqual([
      { role: 'control-plane', image: 'kindest/node:v1.34.3@sha256:x' },
    ]);
    const [older, newer] = config.kubeadmConfigPatches.map((patch: string) => parse(patch));
    const wanted = {
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-jwks-uri': 'https://kubernetes.default.svc/openid/v1/jwks',
      'api-audiences': 'api,spire-server',
    };
    expect(older).toMatchObject({
      apiVersion: 'kubeadm.k8s.io/v1beta3',
      apiServer: { extraArgs: wanted },
    });
    expect(newer.apiServer.extraArgs).toEqual(
      Object.entries(wanted).map(([name, value]) => ({ name, value })),
    );
    for (const { networking } of [older, newer]) expect(networking.dnsDomain).toBe('example.org');
    expect(left.asked).toContain('kind create cluster --name kind --config');
    expect(left.asked).toMatch(
      /docker run -d --restart=always --name registry\.local -p 127\.0\.0\.1:5000:5000 .*registry:[\d.]+@sha256:/,
    );
    expect(left.asked).toContain('docker network connect kind registry.local');
    expect(left.hosts).toBe('127.0.0.1 localhost\n127.0.0.1 registry.local\n');
    expect(left['out/cluster']).toBe('kind\n');
  });

  it('is taken as it is the second time, and Docker is left alone', () => {
    const { status, left } = part('cluster', {
      programs: engine,
      files: {
        ...prepared,
        clusters: 'kind\n',
        registry: 'true\n',
        networks: '{"kind":{}}',
        hosts: '127.0.0.1 registry.local\n',
      },
    });
    expect(status).toBe(0);
    expect(left.asked).not.toMatch(/kind create|docker (run|start|network connect|restart)/);
    expect(left.hosts).toBe('127.0.0.1 registry.local\n');
  });

  it('needs an engine, and says how to do without', () => {
    expect(
      part('cluster', { programs: { ...engine, docker: 'exit 1' }, files: prepared }),
    ).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('sigstore-only: true'),
    });
  });

  it('is the current one where sigstore-only says so, and no other program is asked', () => {
    const { status, left } = part('cluster', {
      programs: { ...engine, kubectl: `case "$*" in 'config current-context') echo mine ;; esac` },
      files: prepared,
      inputs: { 'sigstore-only': 'true' },
    });
    expect({ status, cluster: left['out/cluster'] }).toEqual({ status: 0, cluster: 'current\n' });
    expect(left.asked).not.toMatch(/^(docker|kind) /m);
  });
});

describe('/etc/hosts', () => {
  const hosts = (before: string, entry: string) =>
    inFolder({ hosts: before }, (folder) => {
      const { status } = bash(`source action/lib.sh; hosts_entry ${entry}`, {
        env: { SIGSTAND_OUT: folder, SIGSTAND_HOSTS: join(folder, 'hosts') },
      });
      expect(status).toBe(0);
      return readFileSync(join(folder, 'hosts'), 'utf8');
    });

  it.each([
    ['gets a name', '127.0.0.1 localhost\n', '127.0.0.1 localhost\n10.96.0.5 a.b.svc\n'],
    ['keeps a name that it has', '10.96.0.5 a.b.svc\n', '10.96.0.5 a.b.svc\n'],
    ['has the newest address of a name', '10.96.0.4 a.b.svc\n', '10.96.0.5 a.b.svc\n'],
  ])('%s', (_, before, after) => {
    expect(hosts(before, '10.96.0.5 a.b.svc')).toBe(
      after === '10.96.0.5 a.b.svc\n' && before !== after ? `\n${after}` : after,
    );
  });
});

describe('the images', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-action-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are pulled where the checkout is a release’s, and built where it is not', () => {
    for (const name of ['action', 'scripts', 'manifests'])
      cpSync(join(root, name), join(folder, name), { recursive: true });
    for (const name of ['setup', 'images'])
      writeFileSync(join(folder, `scripts/${name}.sh`), `echo ${name}`);
    mkdirSync(join(folder, 'out'));
    writeFileSync(join(folder, 'out/cluster'), 'kind');
    const images = () =>
      bash(`bash '${folder}/action/images.sh'`, { env: { SIGSTAND_OUT: join(folder, 'out') } })
        .stdout;
    expect(images()).toBe('setup\nimages\n');
    bash(
      `sed -i -E 's#(image: ghcr.io/sigstand/[a-z]+:0.1.0)$#\\1@sha256:${'0'.repeat(64)}#' '${folder}'/manifests/*.yaml`,
    );
    expect(images()).toContain('by digest');
    expect(images()).not.toContain('setup');
  });
});
