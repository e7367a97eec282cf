import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage } from './page.ts';
import { rig, root, run, waste } from './rig.ts';

// docs/start-linux.md as a person follows it, section by section, in a clone of what is committed here.

const cluster = rig('start');
const page = openPage('start-linux.md');
let work = '';
let clone = '';
let env: Record<string, string> = {};

/** The commands of a section; each is as it stands. */
async function follow(section: string, folder = clone): Promise<string> {
  const script = `set -euo pipefail; cd "$0"; ${page.commands(section)}`;
  const { status, stdout, stderr } = await run('bash', ['-c', script, folder], { env });
  expect({ section, status, stderr, stdout }).toMatchObject({ status: 0 });
  return stdout + stderr;
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-start-'));
  clone = join(work, 'sigstand');
  // The clone is of this tree, and gets its npm packages as a hook: a test installs none.
  const hooks = join(work, 'hooks');
  await mkdir(hooks);
  const hook = `#!/bin/sh\ncp -al '${root}/node_modules' . 2>/dev/null || cp -a '${root}/node_modules' .\n`;
  await writeFile(join(hooks, 'post-checkout'), hook);
  await chmod(join(hooks, 'post-checkout'), 0o755);
  const settings = [
    [`url.${root}.insteadOf`, 'https://github.com/sigstand/sigstand'],
    ['core.hooksPath', hooks],
  ];
  env = { ...cluster.env, SIGSTAND_OUT: join(clone, '.sigstand'), GIT_CONFIG_COUNT: '2' };
  for (const [index, [key = '', value = '']] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
});
afterAll(async () => {
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('docs/start-linux.md', () => {
  it('has no section with commands that is not followed here', () => {
    const followed = ['Start', 'Look around', 'Sign and verify', 'Start again', 'Stop'];
    expect(page.sections).toEqual(followed);
  });

  it('brings the stack up, signs and verifies, and says how to use it', async () => {
    const said = await follow('Start', work);
    expect(said).toMatch(/✔ signed and verified, and all in order/);
    const out = join(clone, '.sigstand');
    const first = await readFile(join(out, 'root.json'));
    expect(said).toContain(createHash('sha256').update(first).digest('hex'));
    const sourced = 'source "$0"; echo "$FULCIO_URL $ISSUER_URL $TUF_ROOT_JSON"';
    expect(await run('bash', ['-euc', sourced, join(out, 'env')])).toMatchObject({
      stdout: `http://fulcio.fulcio-system.svc https://kubernetes.default.svc ${join(out, 'trust/1.root.json')}\n`,
    });
    expect(await readFile(join(out, 'trust/1.root.json'))).toEqual(first);
  });

  it('wastes no Pod, no restart and no start on a missing key', async () => {
    expect(await waste(cluster)).toEqual({ failedPods: [], restarts: [], configErrors: [] });
  });

  it('looks around', async () => {
    const said = await follow('Look around');
    expect(said).toMatch(/tuf-system +tuf-\S+ +1\/1 +Running/);
    expect(said).toContain('"treeID"');
  });

  it('signs and verifies by hand', async () => {
    expect(await follow('Sign and verify')).toContain('Verified OK');
  });

  it('changes nothing on a stack that runs, and says so', async () => {
    const before = await readFile(join(clone, '.sigstand/root.json'));
    expect(await follow('Start again')).toContain('nothing was changed');
    expect(await readFile(join(clone, '.sigstand/root.json'))).toEqual(before);
  });

  it('takes the stack down without a trace', async () => {
    expect(await follow('Stop')).toContain('gone');
    expect((await run('ip', ['netns', 'list'])).stdout).not.toContain('sigstand-start');
    expect((await run('ls', ['/var/lib/sigstand/start'])).status).not.toBe(0);
  });
});
