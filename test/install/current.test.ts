import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPage } from '../cluster/page.ts';
import { rig, root } from '../cluster/rig.ts';
import { packed } from '../packed.ts';

/* docs/start-cluster.md on a cluster that npm start did not make, with the rig in its place: kubectl, an admin's kubeconfig and
   a registry over plain HTTP are all that it is given. The rig's registry serves other bytes than the manifests' digests name. */

const cluster = rig('current');
const page = openPage('start-cluster.md');
const registry = 'http://10.200.0.1:5000/team';
let work = '';
let out = '';
let base = '';

/** Commands as a user of that cluster runs them, in the repository. */
async function run(commands: string, env: Readonly<Record<string, string>> = {}) {
  const own = { SIGSTAND_OUT: out, SIGSTAND_BY_TAG: '1', SIGSTAND_BASE: `oci-layout://${base}` };
  const script = `set -euo pipefail; cd '${root}'; ${commands}`;
  return cluster.exec(['bash', '-c', script], { env: { ...own, ...env } });
}
const follow = (section: string) =>
  run(
    page
      .commands(section)
      .replace('--registry registry.example.com/team', `--registry ${registry}`)
      .replaceAll('.sigstand/', `${out}/`)
      .replaceAll('scripts/sign-and-verify.yaml', join(work, 'sign-and-verify.yaml')),
  );

/** All that the cluster holds, by name: what comes and goes by itself left out. */
async function holdings(): Promise<string[]> {
  const kinds =
    'namespaces,jobs,cronjobs,configmaps,secrets,serviceaccounts,deployments,statefulsets,services,pvc,roles,rolebindings,clusterroles,clusterrolebindings,networkpolicies';
  const text = await cluster.kubectl('get', kinds, '-A', '-o', 'name');
  return text.split('\n').sort();
}

/** The manifests, whose seven images have another name. */
async function named(image: string): Promise<string> {
  const folder = join(work, 'manifests');
  await cp(join(root, 'manifests'), folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    await writeFile(join(folder, name), text.replace(/ghcr\.io\/sigstand\/\S+/g, image));
  }
  return folder;
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-current-'));
  out = join(work, '.sigstand');
  await cluster.must(['up']);
  base = (await cluster.must(['base'])).trim();
  const example = await readFile(join(root, 'scripts/sign-and-verify.yaml'), 'utf8');
  await writeFile(join(work, 'sign-and-verify.yaml'), example.replace(/@sha256:\w+/g, ''));
});
afterAll(async () => {
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('an image that cannot be pulled', () => {
  // The rig's containerd asks the name's own host last, and no way leads there: its reason for an image that is not there.
  it.each([
    [
      'that is not there',
      undefined,
      'ghcr.io/sigstand/createsecret:0.1.0',
      /unreachable|not found/,
    ],
    ['whose name is none', 'localhost/No:1', 'localhost/No:1', /\(InvalidImageName\)/],
  ])(
    '%s is said within 15 seconds; and npm stop takes the rest away',
    async (_what, name, image, reason) => {
      const before = await holdings();
      const manifests = name === undefined ? {} : { SIGSTAND_MANIFESTS: await named(name) };
      const told = ' 2>&1 | while IFS= read -r line; do echo "$SECONDS $line"; done';
      const { status, stdout } = await run(page.commands('Start it') + told, {
        ...manifests,
        SIGSTAND_PATIENCE: '5',
      });
      expect({ status, stdout }).toMatchObject({ status: 1 });
      expect(stdout).toContain(' The cluster must be able to pull, by itself:\n');
      const at = (line: string) =>
        Number(
          stdout
            .split('\n')
            .find((one) => one.includes(line))
            ?.split(' ')[0],
        );
      expect(at(`the image ${image} cannot be pulled: `) - at('✔ images')).toBeLessThan(15);
      expect(stdout).toMatch(/ sigstand: [^\n]+: the image \S+ cannot be pulled: [^\n]+\n$/);
      expect(stdout).toMatch(reason);
      expect(await follow('Take it away')).toMatchObject({ status: 0 });
      expect(await holdings()).toEqual(before);
    },
  );
});

describe('a stack whose images come from a registry of its own', () => {
  let before: string[];

  it('comes up, and its seven images are from there', async () => {
    before = await holdings();
    const { status, stdout, stderr } = await follow('With a registry of your own');
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain('✔ signed and verified, and all in order');
    const text = await cluster.kubectl('get', 'jobs', '-A', '-o', 'jsonpath={..image}');
    const images = text.split(' ').filter((one) => one !== '');
    expect(images.length).toBeGreaterThan(6);
    expect(images.filter((one) => !one.startsWith('10.200.0.1:5000/team/'))).toEqual([]);
  });

  it('is left as it is by a second start, which remembers the registry', async () => {
    const { status, stdout } = await run(page.commands('Start it'));
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toContain('nothing was changed');
  });

  it('signs and verifies in a Pod, as the page says', async () => {
    const { status, stdout, stderr } = await follow('Use it');
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(`${stdout}${stderr}`).toMatch(/Verified OK/);
  });

  it('signs again after a start, whatever was changed by hand: the manifests have the last word', async () => {
    await cluster.kubectl('scale', '-n', 'fulcio-system', 'deployment/fulcio', '--replicas=0');
    const { status, stdout, stderr } = await run(page.commands('Start it'));
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain('✔ signed and verified, and all in order');
    expect(stdout).toMatch(/^Of \d+ objects: 1 changed\.$/m);
  });

  it('is gone after npm stop, with all that it left in default', async () => {
    await cp(join(out, 'manifests'), join(work, 'pushed'), { recursive: true });
    const { status, stdout, stderr } = await follow('Take it away');
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    expect(await holdings()).toEqual(before);
  });
});

describe('the CLI alone', () => {
  it('brings a stack up that signs, as the page says, and takes it away with its keys', async () => {
    const before = await holdings();
    const cli = await packed();
    onTestFinished(cli.remove);
    const command = cli.command.join(' ');
    const up = page.commands('With the CLI alone').replace(/npx \S+\.tgz/, command);
    const came = await run(`${up} --by-tag --registry=${registry.replace('http://', '')}`);
    expect(came).toMatchObject({ status: 0, stderr: '' });
    expect(came.stdout).toContain('✔ signed and verified, and all in order');
    expect(await run(`${command} down --delete-keys`)).toMatchObject({ status: 0 });
    expect(await holdings()).toEqual(before);
  });
});

describe('kubectl alone', () => {
  it('brings a stack up from manifests whose images the cluster can pull, as the page says', async () => {
    const folder = join(work, 'alone');
    await cp(join(work, 'pushed'), join(folder, 'manifests'), { recursive: true });
    const commands = `cd '${folder}'; ${page.commands('With kubectl alone')}`;
    expect(await run(commands)).toMatchObject({ status: 0 });
  });
});

it('has no command on the page that is not run here', () => {
  expect(page.sections).toEqual([
    ...['Start it', 'With a registry of your own', 'Use it', 'Take it away'],
    ...['With kubectl alone', 'With the CLI alone'],
  ]);
});
