import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { part } from './action/part.ts';
import { root } from './shell.ts';

/* The action's inputs: no cluster, no Docker. test/action runs it whole. */

const text = (file: string) => readFileSync(join(root, file), 'utf8');
const action = parse(text('action.yml'));

describe('action.yml', () => {
  it('takes what sigstore/scaffolding/actions/setup takes, with its defaults', () => {
    const defaults = Object.fromEntries(
      Object.entries<{ default: string }>(action.inputs).map(([name, input]) => [
        name,
        input.default,
      ]),
    );
    expect(defaults).toMatchObject({
      'sigstore-only': 'false',
      'working-directory': '.',
      'registry-name': 'registry.local',
      'registry-port': '5000',
      'cluster-suffix': 'cluster.local',
      'k8s-version': 'v1.32.x',
    });
    expect(Object.keys(defaults)).toEqual(
      expect.arrayContaining(['version', 'knative-version', 'legacy-variables']),
    );
    for (const input of Object.values<{ required?: boolean }>(action.inputs))
      expect(input.required ?? false).toBe(false);
  });

  it('hands every input to the shell, and gives no text of a caller to bash', () => {
    const [step] = action.runs.steps;
    expect(action.runs.steps).toHaveLength(1);
    expect(step.env).toEqual(
      Object.fromEntries(
        Object.keys(action.inputs).map((name) => [
          `INPUTS_${name.toUpperCase().replaceAll('-', '_')}`,
          `\${{ inputs.${name} }}`,
        ]),
      ),
    );
    expect(step.run).not.toContain('${{');
  });

  it('has the outputs that publish.sh and failed.sh write', () => {
    const written = [
      ...`${text('action/publish.sh')}${text('action/failed.sh')}`.matchAll(
        /^(?:echo ")?([a-z-]+)=\$(?:trust|logs|1|IDENTITY)/gm,
      ),
    ];
    expect(written.map(([, name]) => name).sort()).toEqual(Object.keys(action.outputs).sort());
  });
});

describe('docs/in-ci.md', () => {
  it('has every input and output', () => {
    const page = text('docs/in-ci.md');
    for (const name of [...Object.keys(action.inputs), ...Object.keys(action.outputs)])
      expect(page).toContain(`\`${name}\``.replace('`logs`', 'outputs.logs'));
  });
});

describe('the inputs', () => {
  const inputs = (given: Readonly<Record<string, string>>) => part('inputs', { inputs: given });

  it('are all refused at once, before anything is made', () => {
    const { status, stdout } = inputs({
      version: 'v9.1.0',
      'sigstore-only': 'yes',
      'registry-port': '0',
      'k8s-version': 'v1.12.x',
      'working-directory': 'nowhere',
      issuers: 'github,moon',
    });
    expect(status).toBe(1);
    for (const name of [
      'version',
      'sigstore-only',
      'registry-port',
      'k8s-version',
      'working-directory',
      'issuers',
    ])
      expect(stdout).toMatch(new RegExp(`(^::error title=Sigstand::|%0A)${name} `));
  });

  it.each(['v0.4.0', 'v0.7.24', 'v0.7.33', 'latest-release', 'main'])(
    'take a version of upstream, %s, for the own one, and say so',
    (version) => {
      expect(inputs({ version })).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(`::notice title=Sigstand::version '${version}' means`),
      });
    },
  );

  it('refuse a port that no host has', () => {
    for (const port of ['65536', '99999', '0', '080'])
      expect(inputs({ 'registry-port': port }).stdout).toContain('registry-port is a port');
    for (const port of ['1', '5000', '65535'])
      expect(inputs({ 'registry-port': port }).status).toBe(0);
  });

  it('give the runner no command by what they quote', () => {
    const { stdout } = inputs({ version: 'v0.7.1\n::error::mine' });
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  it('say nothing of the own version, and of none', () => {
    const { version } = JSON.parse(text('package.json'));
    for (const own of ['', version, `v${version}`])
      expect(inputs({ version: own })).toMatchObject({ status: 0, stdout: '' });
  });

  it('say that there is no Knative', () => {
    expect(inputs({ 'knative-version': '1.9.0' }).stdout).toContain('knative-version is ignored');
  });

  it.each([
    'v1.30.x',
    'v1.31.x',
    'v1.32.x',
    'v1.33.x',
    'v1.34.x',
    'v1.35.x',
    'v1.33.7',
    'me/node:1',
  ])('take the Kubernetes %s', (version) =>
    expect(inputs({ 'k8s-version': version }).status).toBe(0),
  );

  it.each(['me/no de', 'me/Node', '/node', 'me/node:', 'me/node@sha256:12', '--rm/x'])(
    'take no name that no image can have: %s',
    (version) => {
      const { status, stdout } = inputs({ 'k8s-version': version });
      expect(status).toBe(1);
      expect(stdout).toContain(`k8s-version '${version}' is not known`);
    },
  );

  it('name every node image by its digest', () => {
    const images = text('action/kubernetes')
      .split('\n')
      .filter((line) => line.startsWith('v'));
    expect(images).toHaveLength(6);
    for (const line of images)
      expect(line).toMatch(/^v(1\.3\d)\.x kindest\/node:v\1\.\d+@sha256:[0-9a-f]{64}$/);
  });
});
