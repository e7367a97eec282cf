import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage } from '../cluster/page.ts';
import { rig } from '../cluster/rig.ts';
import { figure } from '../faults/profile.ts';
import {
  ended,
  type Machine,
  seconds,
  startMachine,
  userKubeconfig,
  wasteOfStack,
} from './machine.ts';
import { commandsAfter } from './recipe.ts';
import { machineWide, processesIn, tracesOf } from './traces.ts';

// What somebody with Docker does, on a real engine and with a real kind: the blocks of docs/start-docker.md as they stand
// there, and what may come between them.

const name = 'kindtest';
const page = openPage('start-docker.md');
let machine: Machine;
let namespace = '';
let before: Record<string, string>;

beforeAll(async () => {
  before = await machineWide();
  machine = await startMachine(name);
  namespace = (await machine.must(['readlink', '/proc/self/ns/net'])).trim();
});
afterAll(() => machine?.down());

const inCheckout = (file: string) => readFile(join(machine.checkout, file), 'utf8');
const dockerLists = (...args: string[]) => machine.must(['docker', ...args]);

/** The commands of a section of the page, after some of the user's own. */
const follow = async (section: string, before = 'true') => {
  const script = `set -euo pipefail; ${before}; ${page.commands(section)}`;
  return ended(await machine.exec(['bash', '-c', script]));
};

describe('docs/start-docker.md', () => {
  let root = '';

  it('has commands in the sections that are followed here', () => {
    expect(page.sections).toEqual(['Start it', 'Look around', 'Take it away']);
  });

  // A checkout that nobody else may read, and names in the environment that mean something to bake: as some users have it.
  it('makes a cluster and a stack, signs and verifies', async () => {
    await machine.must(['chmod', '-R', 'go=', '.']);
    const start = await follow(
      'Start it',
      'umask 077; export TAG=other REGISTRY=registry.example/other PLATFORMS=linux/s390x',
    );
    expect(start.status, start.said).toBe(0);
    expect(start.said).toContain('Sigstand on kind: Kubernetes in Docker');
    expect(start.said).toMatch(/✔ signed and verified, and all in order/);
    root = await inCheckout('.sigstand/root.json');
    figure(
      `kind, cold: ${seconds(start, 'in all')} s; from apply to verified ${seconds(start, 'apply to verified')} s`,
    );
  });

  it('wastes no Pod and no restart', async () => {
    const { failedPods, restarts } = await wasteOfStack(machine.cluster());
    figure(`kind: ${restarts.length} restarts, ${failedPods.length} failed Pods`);
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
  });

  it('changes nothing the second time, and says so', async () => {
    const start = await follow('Start it');
    expect(start.status, start.said).toBe(0);
    expect(start.said).toContain('nothing was changed');
    expect(start.said).toMatch(/images of others are on the node/);
    expect(await inCheckout('.sigstand/root.json')).toBe(root);
    figure(`kind, warm: ${seconds(start, 'in all')} s`);
  });

  it('shows the Pods of the stack, and none else', async () => {
    const { status, said } = await follow('Look around');
    expect(status, said).toBe(0);
    const pods = said.split('\n').slice(1).filter(Boolean);
    expect(pods.length).toBeGreaterThan(15);
    expect(
      pods.filter((line) => !/^[a-z]+-system +\S+ +\S+ +(Running|Completed) /.test(line)),
    ).toEqual([]);
  });

  it('leaves the user’s kubeconfig and current context alone', async () => {
    expect(await readFile(machine.kubeconfig, 'utf8')).toBe(userKubeconfig);
  });

  it('signs and verifies from a laptop, as the README says', async () => {
    const cosign = dirname((await rig('sigstand').must(['bin', 'cosign3'])).trim());
    const script = [
      'set -euo pipefail',
      `trap 'kill $(jobs -p) || true' EXIT`,
      `PATH=${cosign}:$PATH`,
      'export KUBECONFIG=$PWD/.sigstand/kubeconfig',
      commandsAfter('**From a laptop.**'),
      'for name in tuf fulcio rekor tsa; do',
      '  for try in {1..100}; do (: >/dev/tcp/$name.$name-system.svc/80) 2>/dev/null && break; sleep 0.1; done',
      'done',
      commandsAfter('With cosign 3, in a bash:').replaceAll('FILE', 'README.md'),
    ].join('\n');
    expect(ended(await machine.exec(['bash', '-c', script]))).toMatchObject({
      status: 0,
      said: expect.stringContaining('Verified OK'),
    });
  });

  it('goes on with a cluster that was stopped', async () => {
    await dockerLists('stop', 'sigstand-control-plane');
    const start = await machine.start('--cluster=kind');
    expect(start).toMatchObject({
      status: 0,
      said: expect.stringContaining('stood still, started'),
    });
    expect(await inCheckout('.sigstand/root.json')).toBe(root);
    figure(`kind, a cluster that was stopped: ${seconds(start, 'in all')} s`);
  });

  it('takes the cluster away, and leaves no container and no file, but images', async () => {
    expect(await follow('Take it away')).toMatchObject({
      status: 0,
      said: expect.stringContaining('gone'),
    });
    expect(await dockerLists('ps', '--all', '--quiet')).toBe('');
    expect(await dockerLists('volume', 'ls', '--quiet')).toBe('');
    expect((await machine.exec(['ls', '.sigstand'])).status).not.toBe(0);
    expect(await readFile(machine.kubeconfig, 'utf8')).toBe(userKubeconfig);
    const [, look = ''] = /The images stay in Docker: `(.*)`/.exec(page.text) ?? [];
    const images = await machine.must(['bash', '-c', look]);
    expect(images.match(/ghcr\.io\/sigstand\/[a-z]+/g)).toHaveLength(7);
  });
});

describe('a Docker engine that ends half-way', () => {
  it('is named in one line, and npm start goes on once it is back', async () => {
    const half = machine.start('--cluster kind');
    await untilMade('whole sigstand', half);
    await machine.verb('pause');
    const { status, said } = await half;
    expect({ status, said }).toMatchObject({
      status: 1,
      said: expect.stringMatching(/Docker does not answer any more: start it/),
    });
    expect(await machine.stop()).toMatchObject({
      status: 1,
      said: expect.stringContaining('Docker does not answer'),
    });
    await machine.verb('resume');
    const again = await machine.start('--cluster kind');
    expect(again.status, again.said).toBe(0);
    expect(await machine.stop()).toMatchObject({ status: 0 });
  });
});

describe('the machine', () => {
  it('is gone without a trace', async () => {
    await machine.down();
    expect(await tracesOf(name)).toEqual([]);
    expect(await processesIn(namespace)).toEqual([]);
    expect(await machineWide()).toEqual(before);
  });
});

/** Waits until npm start has noted that it made something; gives up when it has ended. */
async function untilMade(what: string, start: Promise<unknown>): Promise<void> {
  let over = false;
  start.finally(() => {
    over = true;
  });
  while (!over) {
    const made = await inCheckout('.sigstand/made').catch(() => '');
    if (made.split('\n').includes(what)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`npm start ended before it made ${what}`);
}
