import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systems } from '../../scripts/release/parts.ts';
import { applyAll, bringUp } from '../cluster/bring-up.ts';
import { type Cosign, cosign, identityOf, issuer, tokenOf } from '../cluster/cosign.ts';
import { rig, root, run, waste } from '../cluster/rig.ts';
import { secretValue } from '../cluster/stack.ts';
import { binary } from '../programs/binaries.ts';
import { built, names, version } from '../pushed.ts';

// A release as its workflow makes it, of the images that the rig's registry has, and signed by the stack that it is: what
// differs from a real one is who signs, and where the images and files are.

const cluster = rig('release');
const registry = '10.200.0.1:5000';
let work = '';
let tree = '';
let files = '';
let client: Cosign;
let images: { job: string; digest: string }[] = [];

/** Those of the manifests: the CLI's runs where the chart's values want it, and not here. */
const inStack = () => images.filter(({ job }) => job !== 'sigstand');

/** A command in the release's own tree. */
async function inTree(command: string): Promise<string> {
  const { status, stdout, stderr } = await run('bash', ['-euc', `cd "$0"; ${command}`, tree]);
  if (status !== 0) throw new Error(`${command}\n${stdout}${stderr}`);
  return stdout;
}

/** A file as the rig takes it: the servers' digests name bytes that only their makers' registries have. */
const rigged = (text: string) =>
  text.replaceAll(/^((?!.*ghcr\.io\/sigstand\/).*)@sha256:[0-9a-f]{64}/gm, '$1');
const onRig = async (file: string) => rigged(await readFile(join(files, file), 'utf8'));

async function digestOf(job: string): Promise<string> {
  const image = `${registry}/sigstand/${job}:${version}`;
  return (await cluster.mustExec([binary('crane'), 'digest', '--insecure', image])).trim();
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-released-'));
  await bringUp(cluster, work, 'sigstand');
  images = await Promise.all(names.map(async (job) => ({ job, digest: await digestOf(job) })));

  tree = join(work, 'tree');
  files = join(work, 'files');
  for (const path of [
    ...['chart', 'manifests', 'action', 'scripts', 'packages', 'integrations'],
    ...['package.json', 'package-lock.json', 'CHANGELOG.md', 'LICENSE', '.gitignore'],
  ]) {
    await cp(join(root, path), join(tree, path), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(tree, 'node_modules'));
  const pushed = images.map(({ job, digest }) => {
    const one = built(job);
    const descriptor = { ...one['containerimage.descriptor'], digest };
    return [
      job,
      { ...one, 'containerimage.digest': digest, 'containerimage.descriptor': descriptor },
    ];
  });
  await writeFile(join(work, 'images.json'), JSON.stringify(Object.fromEntries(pushed)));
  await inTree(`git init -q . && echo node_modules >.git/info/exclude && git add .
    git -c user.name=x -c user.email=x@example.com commit -qm all
    bash scripts/release/tree.sh ${version} ../images.json ../files`);
});
afterAll(async () => {
  await client?.remove();
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('sigstand.yaml', () => {
  it('is a whole stack by one apply, of the images that it names by digest, and wastes nothing', async () => {
    const text = await onRig('sigstand.yaml');
    for (const { job, digest } of inStack())
      expect(text).toContain(`/${job}:${version}@${digest}\n`);
    const file = join(work, 'applied.yaml');
    await writeFile(file, text);
    await applyAll(cluster, file);
    const pods = await cluster.kubectl(
      'get',
      'pods',
      '-A',
      '-o',
      'jsonpath={.items[*].status.containerStatuses[*].imageID}',
    );
    for (const { digest } of inStack()) expect(pods).toContain(digest);
    expect((await waste(cluster)).failedPods).toEqual([]);
  });
});

describe('docs/verify-release.md', () => {
  const identity = identityOf('default');
  let programs = '';

  /** The page's commands, with what only GitHub has left out, and these values for what it sets. */
  const follow = (values: Readonly<Record<string, string>> = {}) => {
    const set = {
      from: `file://${files}`,
      registry: `${registry}/sigstand`,
      identity,
      issuer,
      gh: 'true',
      docker: 'true',
      ...values,
    };
    const args = Object.entries(set).map(([name, value]) => `${name}=${value}`);
    const path = `PATH=${programs}:${process.env.PATH}`;
    return cluster.exec([
      'env',
      path,
      'bash',
      'scripts/release/follow.sh',
      'docs/verify-release.md',
      ...args,
    ]);
  };

  beforeAll(async () => {
    client = await cosign(cluster, 'cosign3');
    const root = join(client.home, 'root.json');
    await writeFile(root, await secretValue(cluster, 'tuf-system/tuf-root', 'root'));
    await client.must(['initialize', '--mirror', 'http://tuf.tuf-system.svc', '--root', root]);
    programs = join(work, 'bin');
    await mkdir(programs);
    const text = `#!/bin/sh\nHOME='${client.home}' TUF_ROOT='${client.home}/tuf' exec ${binary('cosign3')} "$@"\n`;
    await writeFile(join(programs, 'cosign'), text);
    await chmod(join(programs, 'cosign'), 0o755);

    const token = await tokenOf(cluster, 'default');
    const sums = join(files, 'checksums.txt');
    await client.must(['sign-blob', '--yes', '--bundle', `${sums}.sigstore.json`, sums], token);
    for (const { job, digest } of images) {
      await client.must(
        ['sign', '--yes', '--recursive', `${registry}/sigstand/${job}@${digest}`],
        token,
      );
    }
  });

  it('verifies the files and the images', async () => {
    const { status, stdout, stderr } = await follow();
    expect({ status, stderr, stdout }).toMatchObject({ status: 0, stdout: 'sigstand.yaml: OK\n' });
    expect(stderr).toContain('Verified OK');
    expect(stderr.match(/^\+ cosign verify /gm)).toHaveLength(inStack().length);
  });

  it('refuses what somebody else signed', async () => {
    const { status, stderr } = await follow({ identity: identityOf('other') });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/no matching CertificateIdentity found/);
  });

  it('refuses a file of other bytes, and an image without a signature', async () => {
    const other = join(work, 'other');
    await cp(files, other, { recursive: true });
    await writeFile(
      join(other, 'sigstand.yaml'),
      `${await readFile(join(files, 'sigstand.yaml'), 'utf8')}\n`,
    );
    const tampered = await follow({ from: `file://${other}` });
    expect(tampered).toMatchObject({ status: 1, stdout: 'sigstand.yaml: FAILED\n' });
    const unsigned = await follow({ registry: `${registry}/elsewhere` });
    expect(unsigned.status).not.toBe(0);
    expect(unsigned.stderr).toContain('Verified OK');
  });
});

describe('release-*.yaml', () => {
  // Beside the first stack, in namespaces of its own: nothing is there that one of the files needs.
  const moved = (text: string) =>
    text.replaceAll(/\b(?:trillian|rekor|fulcio|ctlog|tsa|tuf)-system/g, 'six-$&');

  it('bring a stack up one after another, each done before the next', async () => {
    for (const system of systems) {
      await cluster.apply(moved(await onRig(`release-${system}.yaml`)));
      const all = ['--all', '-n', `six-${system}-system`, '--timeout=5m'];
      await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', ...all);
      await cluster.kubectl('wait', '--for=condition=Available', 'deployments', ...all);
    }
    const first = ['get', 'secret', 'tuf-root', '-n', 'six-tuf-system', '-o', 'name'];
    expect((await cluster.kubectl(...first)).trim()).toBe('secret/tuf-root');
  });
});

describe('setup-scaffolding-from-release.sh', () => {
  it('takes the stack that is there, tells its URLs by ksvc, and leaves its root', async () => {
    const folder = join(work, 'consumer');
    const manifests = join(work, 'manifests');
    await mkdir(folder);
    await mkdir(manifests);
    for (const file of await readdir(join(tree, 'manifests'))) {
      if (file.endsWith('.yaml')) {
        await writeFile(
          join(manifests, file),
          rigged(await readFile(join(tree, 'manifests', file), 'utf8')),
        );
      }
    }
    const script = `cd "$0"; bash '${files}/setup-scaffolding-from-release.sh' --release-version v${version}
      for one in trillian/log-server rekor/rekor fulcio/fulcio ctlog/ctlog tsa/tsa tuf/tuf; do
        kubectl wait --timeout 10s -n "\${one%/*}-system" --for=condition=Ready ksvc "\${one#*/}"
        kubectl get ksvc -n "\${one%/*}-system" "\${one#*/}" -o 'jsonpath={.status.url}{"\\n"}'
      done`;
    const env = { XDG_CACHE_HOME: join(work, 'cache'), SIGSTAND_MANIFESTS: manifests };
    const stdout = await cluster.mustExec(['bash', '-euc', script, folder], { env });
    expect(stdout).toContain('The stack was running: nothing was changed.');
    expect(stdout).toContain('http://rekor.rekor-system.svc\n');
    const there = await secretValue(cluster, 'tuf-system/tuf-root', 'root');
    expect(await readFile(join(folder, 'root.json'))).toEqual(there);
  });
});
