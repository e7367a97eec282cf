import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ofKind, pods } from './stack.ts';

/* What Fulcio's init container makes of its configuration; test/cluster has it ask a real API server. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-issuer-'));
  await mkdir(join(folder, 'etc'));
  await mkdir(join(folder, 'run'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const [shipped] = ofKind('ConfigMap').filter(({ metadata }) => metadata.name === 'fulcio-config');
const config: string = shipped!.data['config.yaml'];
const fulcio = pods.find(({ owner }) => owner.metadata.name === 'fulcio')!;
const program: string = fulcio.spec.initContainers[0].args[0];

/** Runs the container's program, with answers in place of the API server's, one after the other. */
async function made(given: string, answers: readonly object[]) {
  await writeFile(join(folder, 'etc/config.yaml'), given);
  const server = `
    const answers = ${JSON.stringify(answers)};
    globalThis.fetch = async () => {
      const { status, body, fails } = answers.length > 1 ? answers.shift() : answers[0];
      if (fails) throw new TypeError('fetch failed', { cause: new Error(fails) });
      return new Response(body, { status });
    };`;
  const script = `${server}${program}`
    .replace('/etc/fulcio-config', `${folder}/etc`)
    .replace('/run/fulcio-config', `${folder}/run`)
    .replace('60_000', '1_000');
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  return { stdout, text: await readFile(join(folder, 'run/config.yaml'), 'utf8') };
}

const issuer = 'https://oidc.example.com/id/1';
const told = { status: 200, body: JSON.stringify({ issuer }) };

describe("the init container that finds the cluster's issuer", () => {
  it('puts the name in that the API server tells, and waits for its answer', async () => {
    const refused = { status: 403, body: '' };
    const { stdout, text } = await made(config, [
      { fails: 'ECONNREFUSED' },
      refused,
      refused,
      told,
    ]);
    expect(text).toBe(config.replaceAll('CLUSTER_ISSUER', issuer));
    expect(text).toContain(`issuer-url: ${issuer}\n`);
    expect(stdout.match(/: (.*)$/gm)).toHaveLength(2);
    expect(stdout).toContain('ECONNREFUSED');
    expect(stdout).toContain('HTTP status 403');
  });

  it('takes the usual name, and says so, where it is not told', async () => {
    const { stdout, text } = await made(config, [{ status: 401, body: '' }]);
    expect(text).toContain('issuer-url: https://kubernetes.default.svc.cluster.local\n');
    expect(stdout).toContain(
      'does not answer: taking https://kubernetes.default.svc.cluster.local',
    );
  });

  it('refuses the cluster’s own issuer in the list, as what Fulcio could not read, and says where and why', async () => {
    const other = `  ${issuer}:\n    issuer-url: ${issuer}\n    client-id: sigstore\n    type: email\n`;
    const listed = config.replace('meta-issuers:', `${other}meta-issuers:`);
    expect(listed).not.toBe(config);
    const refused = await made(listed, [told]).catch((error) => error);
    expect(refused).toMatchObject({
      code: 1,
      stdout: `values: /fulcio/issuers: ${issuer} is this cluster's own issuer: leave it out of the list, or set /fulcio/clusterIssuer to false\n`,
    });
    // Another one, of which it is the beginning, is another.
    const longer = listed.replaceAll(issuer, `${issuer}0`);
    const { text } = await made(longer, [told]);
    expect(text).toBe(longer.replaceAll('CLUSTER_ISSUER', issuer));
  });

  it('asks nobody for a configuration that has its issuers', async () => {
    const own = config.replaceAll('CLUSTER_ISSUER', 'https://issuer.example.com');
    expect(await made(own, [{ fails: 'nobody is to be asked' }])).toEqual({
      stdout: '',
      text: own,
    });
  });
});
