import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig, run, waste } from './rig.ts';

const cluster = rig('start');
let out = '';
const script = (name: string, ...args: string[]) =>
  run('bash', [`scripts/${name}`, ...args], { env: { ...cluster.env, SIGSTAND_OUT: out } });

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'sigstand-start-'));
});
afterAll(async () => {
  await script('down.sh');
  await rm(out, { recursive: true, force: true });
});

describe('npm start', () => {
  it('brings the stack up, signs and verifies, and says how to use it', async () => {
    const { status, stdout, stderr } = await script('up.sh', '--cluster', 'rig');
    expect({ status, stderr, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toMatch(/✔ a blob signed, logged, timestamped and verified/);
    const root = await readFile(join(out, 'root.json'));
    expect(stdout).toContain(createHash('sha256').update(root).digest('hex'));
    const sourced = 'source "$0"; echo "$FULCIO_URL $ISSUER_URL $TUF_ROOT_JSON"';
    expect(await run('bash', ['-euc', sourced, join(out, 'env')])).toMatchObject({
      stdout: `http://fulcio.fulcio-system.svc https://kubernetes.default.svc ${join(out, 'trust/1.root.json')}\n`,
    });
    expect(await readFile(join(out, 'trust/1.root.json'))).toEqual(root);
  });

  it('wastes no Pod, no restart and no start on a missing key', async () => {
    expect(await waste(cluster)).toEqual({ failedPods: [], restarts: [], configErrors: [] });
  });

  it('changes nothing on a stack that runs, and says so', async () => {
    const before = await readFile(join(out, 'root.json'));
    const { status, stdout, stderr } = await script('up.sh', '--cluster=rig');
    expect({ status, stderr, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toContain('nothing was changed');
    expect(await readFile(join(out, 'root.json'))).toEqual(before);
  });

  it('refuses a cluster that it does not know', async () => {
    const { status, stderr } = await script('up.sh', '--cluster=moon');
    expect(status).not.toBe(0);
    expect(stderr).toContain("--cluster is current, kind or rig, not 'moon'");
  });
});

describe('npm stop', () => {
  it('takes the stack down without a trace', async () => {
    expect(await script('down.sh')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('gone'),
    });
    expect((await run('ip', ['netns', 'list'])).stdout).not.toContain('sigstand-start');
    expect((await run('ls', ['/var/lib/sigstand/start'])).status).not.toBe(0);
  });
});
