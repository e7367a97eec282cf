import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringUp } from '../cluster/bring-up.ts';
import { rig, root } from '../cluster/rig.ts';
import type { Step } from './act.ts';
import { type Ground, openGround } from './ground.ts';

/* The action, run by act as a runner of GitHub's would run it, and after it what the field's tests do. */

const cluster = rig(process.env.RIG ?? 'test');
let work: string;
let ground: Ground;
const figures: string[] = [];
const workflow = (name: string) =>
  readFileSync(join(import.meta.dirname, `workflows/${name}.yaml`), 'utf8');

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-action-'));
  const env = { RIG_ISSUER: 'https://kubernetes.default.svc.cluster.local' };
  await cluster.must(['up', '--with', 'policy-controller'], { env });
  await bringUp(cluster, work);
  ground = await openGround(cluster);
});

afterAll(async () => {
  await ground?.close();
  await rm(work, { recursive: true, force: true });
  await cluster.must(['down']);
  process.stdout.write(`${figures.join('\n')}\n`);
});

/** What is wrong with the steps, and how many there are: what a test says when it fails. */
function told(name: string, steps: readonly Step[]) {
  const passed = steps.filter(({ result }) => result === 'success').length;
  const setUps = steps
    .filter(({ said }) => said.includes('Sigstand is up'))
    .map(({ seconds }) => Math.round(seconds));
  figures.push(`${name}: ${passed} of ${steps.length} steps, set-up ${setUps.join(', ')} s`);
  return steps
    .filter(({ result }) => result !== 'success')
    .map(({ name: step, said }) => `${step}:\n${said.slice(-3000)}`);
}

/** A token's first bytes: a JSON object that begins with "alg", in Base64. */
const token = /eyJhbGciO/;

describe('the action', () => {
  it('is what docs/in-ci.md says, and repeatable', async () => {
    const page = readFileSync(join(root, 'docs/in-ci.md'), 'utf8');
    const block = /^```yaml\n(# \.github\/workflows\/.*?)^```$/ms.exec(page)?.[1] ?? '';
    const steps = await ground.cosign3.workflow(
      block.replaceAll(/sigstand\/sigstand@\S+/g, 'sigstand/sigstand@main'),
    );
    expect(told('docs/in-ci.md', steps)).toEqual([]);
    expect(steps.map(({ said }) => said).join('')).not.toMatch(token);
  });

  it('takes the cluster that kubectl speaks to, and lets others sign, where it is told so', async () => {
    expect(told('issuers', await ground.cosign3.workflow(workflow('issuers')))).toEqual([]);
  });

  it('says why it failed, and leaves the logs for an artifact', async () => {
    await cluster.kubectl('create', 'quota', 'none', '-n', 'default', '--hard=count/pods=0');
    const steps = await ground.cosign3.workflow(workflow('failing'));
    await cluster.kubectl('delete', 'quota', 'none', '-n', 'default');
    const [setUp, logs] = steps;
    expect(setUp).toMatchObject({
      result: 'failure',
      said: expect.stringMatching(
        /::error title=Sigstand::proof failed: .*sign-job is not complete after 30 s/,
      ),
    });
    expect(logs).toMatchObject({
      result: 'success',
      said: expect.stringContaining('exceeded quota: none'),
    });
    expect(logs?.said).not.toMatch(token);
  });
});

describe('what comes after the set-up in', () => {
  it.each([
    ['cosign', 'cosign3'],
    ['policy-controller', 'cosign2'],
    ['kyverno', 'cosign2'],
    ['chains', 'cosign3'],
    ['kubewarden', 'cosign3'],
    ['ocm', 'cosign3'],
  ] as const)('%s works unchanged, with %s', async (name, cosign) => {
    const steps = await ground[cosign].workflow(workflow(name));
    expect(told(name, steps)).toEqual([]);
    expect(steps.map(({ said }) => said).join('')).not.toMatch(token);
  });
});
