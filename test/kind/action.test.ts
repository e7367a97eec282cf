import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestsOf, imagesIn } from '../../scripts/release/images.ts';
import { systems } from '../../scripts/release/parts.ts';
import { openRunner, type Runner, type Step } from '../action/act.ts';
import { root } from '../cluster/rig.ts';
import { figure } from '../faults/profile.ts';
import { binary } from '../programs/binaries.ts';
import { names, version } from '../pushed.ts';
import { type Machine, startMachine } from './machine.ts';
import { type Release, release } from './release.ts';

// A release by bake, and the action of its tag, on a runner that has Docker and kind.

let machine: Machine;
let work = '';
let released: Release;
let runner: Runner;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-released-'));
  machine = await startMachine('kindtest-action');
  released = await release(machine, work);
  await symlink(join(machine.checkout, 'node_modules'), join(released.before, 'node_modules'));
  runner = await openRunner(
    { env: {}, exec: machine.exec },
    { cosign: binary('cosign3'), crane: binary('crane') },
    {},
    {
      [`sigstand/sigstand@v${version}`]: released.tree,
      'sigstand/sigstand@main': released.before,
    },
  );
});
afterAll(async () => {
  await runner?.close();
  await machine?.down();
  await rm(work, { recursive: true, force: true });
});

describe('what bake says that it pushed', () => {
  it('is what the registry has, for each of our images', () => {
    expect([...released.digests.keys()].sort()).toEqual([...names].sort());
    expect(new Set(released.digests.values()).size).toBe(names.length);
    expect(digestsOf(released.metadata, names, version)).toEqual(released.digests);
  });

  it.each([
    ['sigstand.yaml', 7],
    ['testrelease.yaml', 1],
  ])('is in %s behind each image of ours', async (name, jobs) => {
    const named = imagesIn(await readFile(join(released.files, name), 'utf8'));
    expect(new Set(named.map(({ job }) => job)).size).toBe(jobs);
    for (const { job, tag, digest } of named)
      expect({ job, tag, digest }).toEqual({
        ...{ job, tag: version, digest: `@${released.digests.get(job)}` },
      });
  });

  it('is in the files of the systems together as in the whole', async () => {
    const each = await Promise.all(
      systems.map((system) => readFile(join(released.files, `release-${system}.yaml`), 'utf8')),
    );
    const whole = await readFile(join(released.files, 'sigstand.yaml'), 'utf8');
    const found = (text: string) =>
      [...new Set(imagesIn(text).map(({ job, digest }) => `${job}@${digest}`))].sort();
    expect(found(each.join('\n'))).toEqual(found(whole));
  });
});

describe('the action', () => {
  it('makes a cluster and a registry, and is what docs/in-ci.md says', async () => {
    const page = await readFile(join(root, 'docs/in-ci.md'), 'utf8');
    const block = /^```yaml\n(# \.github\/workflows\/.*?)^```$/ms.exec(page)?.[1] ?? '';
    const steps = await runner.workflow(block);
    expect(told('of a release, from nothing', steps)).toEqual([]);
    expect(steps.length).toBe(4);
  });

  it('takes the images that the release names, by their digests', async () => {
    const ids = await kubectl('get', 'pods', '-A', '-o', 'jsonpath={..containerStatuses..imageID}');
    // The CLI's image is for a CronJob that a stack has only if it wants to.
    const jobs = [...released.digests].filter(([name]) => name !== 'sigstand');
    expect(jobs).toHaveLength(7);
    for (const [job, digest] of jobs) expect(ids).toContain(`${job}@${digest}`);
  });

  it('is repeatable, and the registry serves the runner and the cluster', async () => {
    const steps = await runner.workflow(await workflow('registry'));
    expect(told('of a release, again', steps)).toEqual([]);
  });

  it('builds the images where it is no release', async () => {
    await machine.must(['kind', 'delete', 'cluster', '--name', 'kind']);
    const steps = await runner.workflow(await workflow('unreleased'));
    expect(told('of no release, from nothing', steps)).toEqual([]);
  });
});

const workflow = (name: string) =>
  readFile(join(import.meta.dirname, `workflows/${name}.yaml`), 'utf8');

/** On the cluster of the action, by Docker's own way to it. */
async function kubectl(...args: string[]): Promise<string> {
  await machine.must(['kind', 'export', 'kubeconfig', '--name', 'kind', '--kubeconfig', 'look']);
  return machine.cluster('look').kubectl(...args);
}

/** A token's first bytes: a JSON object that begins with "alg", in Base64. */
const token = /eyJhbGciO/;

/** What is wrong with the steps. No step may print a token. */
function told(what: string, steps: readonly Step[]): string[] {
  const [setUp] = steps;
  const passed = steps.filter(({ result }) => result === 'success').length;
  figure(
    `the action ${what}: ${passed} of ${steps.length} steps, set-up ${Math.round(setUp?.seconds ?? 0)} s`,
  );
  return steps
    .filter(({ result, said }) => result !== 'success' || token.test(said))
    .map(({ name, said }) => `${name}:\n${said.replaceAll(/eyJ[\w.-]+/g, 'TOKEN').slice(-3000)}`);
}
