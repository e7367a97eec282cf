import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobNames as jobs } from '@sigstand/contracts/contract';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleAt } from '../scripts/bundles.ts';
import { run } from './cluster/rig.ts';

/** Libraries that only some Jobs need, and the Jobs that need them. */
const weight: Record<string, readonly string[]> = {
  '@grpc/grpc-js': ['createtree'],
  '@kubernetes/client-node': [],
  // The readers of sigstore-js, for the check of what createtuf publishes.
  '@sigstore/core': ['createtuf'],
  '@peculiar/x509': ['createcerts', 'createcertchain'],
  '@tufjs/models': ['createtuf'],
  'js-yaml': [],
  'node-forge': ['createsecret', 'createcerts', 'createcertchain', 'createctconfig'],
};

function bundled(name: string): string[] {
  const path = bundleAt(name).replace(/cjs$/, 'meta.json');
  return Object.keys((JSON.parse(readFileSync(path, 'utf8')) as { inputs: object }).inputs);
}

describe.each(jobs)('the bundle of %s', (job) => {
  it.each(Object.keys(weight))('holds %s only where the Job needs it', (library) => {
    const inside = bundled(job).some((input) => input.includes(`node_modules/${library}/`));
    expect(inside).toBe(weight[library]?.includes(job));
  });

  it('holds no other Job', () => {
    const others = bundled(job).filter((input) =>
      jobs.some((other) => other !== job && input.startsWith(`packages/${other}/`)),
    );
    expect(others).toEqual([]);
  });
});

describe('the bundles together', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-bundles-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A Job with the files that are beside it, and no cluster but what the environment names. */
  function bundle(env: Record<string, string>, ...files: string[]) {
    const work = mkdtempSync(join(folder, 'one-'));
    for (const name of ['createcerts', ...files]) cpSync(bundleAt(name), join(work, `${name}.cjs`));
    return run(
      process.execPath,
      [join(work, 'createcerts.cjs'), '--namespace=no-such-one', '--tuf-namespace=none'],
      {
        env: { HOME: work, KUBECONFIG: '', ...env },
      },
    );
  }

  it('say in one line that there is no cluster', async () => {
    expect(await bundle({}, 'kubeconfig')).toMatchObject({
      status: 65,
      stderr:
        'createcerts: error: no cluster: this is not a Pod with a service account, and there is no kubeconfig ' +
        'that selects one; set KUBECONFIG to the files that kubectl takes, or run it as a Job\n',
    });
  });

  it('say in one line that what reads kubeconfigs is missing, as in an image', async () => {
    expect(await bundle({ KUBECONFIG: '/nonexistent/of/nobody' })).toMatchObject({
      status: 65,
      stderr: expect.stringMatching(
        /^createcerts: error: there is a kubeconfig, and not the program that reads it, kubeconfig\.cjs; .*\n$/,
      ),
    });
  });

  it('read a kubeconfig where that program is beside them', async () => {
    const stderr = expect.stringMatching(
      /^createcerts: error: no cluster: .* no file of KUBECONFIG is there and selects one; .*\n$/,
    );
    const ended = await bundle({ KUBECONFIG: '/nonexistent/of/nobody' }, 'kubeconfig');
    expect(ended).toMatchObject({ status: 65, stderr });
  });
});

describe('a bundle on a Node that is too old', () => {
  // A fake of ours: the Node that runs this test, which says that it is another one.
  it.each([
    ...jobs.map((job) => [job, '20.20.2']),
    ['createtuf', '18.20.8'],
    ['createtuf', '22.22.2'],
    ['createtuf', '24.4.1'],
  ])('says in one line what it needs: %s on %s', async (job, version) => {
    const pretend = `for (const [of, name, value] of [
        [process.versions, 'node', '${version}'], [process, 'version', 'v${version}'],
      ]) Object.defineProperty(of, name, { value });
      require(${JSON.stringify(bundleAt(job))})`;
    const told = `needs Node 24.5 or newer, and this is v${version}`;
    expect(await run(process.execPath, ['-e', pretend])).toMatchObject({
      status: 64,
      stderr: `${job}: error: ${told}; run it as bash scripts/with-node.sh node dist/${job}.cjs\n`,
    });
  });
});
