import { mkdtempSync, readFileSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { jobNames } from '@sigstand/contracts/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, run } from '../cluster/rig.ts';

/* What the real buildx makes of docker-bake.hcl and of docker.sh's arguments. It prints, and builds nothing: that needs an
   engine, which test/kind has. */

const folder = mkdtempSync(join(tmpdir(), 'sigstand-bake-'));
let PATH = '';
beforeAll(async () => {
  const docker = (await run('test/kind/machine', ['bin', 'docker'])).stdout.trim();
  await mkdir(join(folder, 'cli-plugins'));
  await symlink(join(dirname(docker), 'buildx'), join(folder, 'cli-plugins/docker-buildx'));
  PATH = `${dirname(docker)}:${process.env.PATH}`;
});
afterAll(() => rm(folder, { recursive: true }));

interface Target {
  readonly args: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly attest?: readonly { readonly type: string; readonly disabled?: boolean }[];
  readonly output?: readonly Readonly<Record<string, string>>[];
  readonly contexts: Readonly<Record<string, string>>;
}

/** The targets, as a text in bash has them printed. */
async function printed(text: string, env = {}): Promise<Target[]> {
  const { status, stdout, stderr } = await run('bash', ['-euc', text], {
    env: { PATH, DOCKER_CONFIG: folder, ...env },
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return Object.values((JSON.parse(stdout) as { target: Record<string, Target> }).target);
}

/** What docker.sh asks bake for, printed and not built. */
const asked = (call: string, env = {}) =>
  printed(
    `source scripts/lib.sh; source scripts/docker.sh; tag=0.1.0 jobs='${jobNames.join(' ')}'
     docker() { if [ "$1 $2" = 'buildx bake' ]; then shift 2; command docker buildx bake --print "$@" 2>/dev/null; else command docker "$@"; fi; }
     ${call}`,
    env,
  );

describe('the images that npm start asks buildx for', () => {
  it('have no attestation, are of this platform and tag, and are loaded', async () => {
    const env = { TAG: 'stale', REGISTRY: 'elsewhere.test', PLATFORMS: 'linux/s390x' };
    const targets = await asked('bake ghcr.io/sigstand amd64', env);
    expect(targets).toHaveLength(7);
    for (const target of targets) {
      expect(target.attest?.filter(({ disabled }) => !disabled)).toEqual([]);
      expect(target.tags).toEqual([`ghcr.io/sigstand/${target.args.JOB}:0.1.0`]);
      expect(target.platforms).toEqual(['linux/amd64']);
      expect(target.output).toEqual([{ type: 'docker' }]);
      expect(target.args.SOURCE_DATE_EPOCH).toBe('0');
    }
  });

  it('begin with another base where that is told', async () => {
    const [target] = await asked('bake a.test/b amd64', {
      SIGSTAND_BASE: 'docker-image://c.test/d',
    });
    expect(target?.contexts).toEqual({ base: 'docker-image://c.test/d' });
  });

  it('are pushed for each platform of the nodes', async () => {
    const [target] = await asked('bake a.test/b "amd64 arm64 " push');
    expect(target?.platforms).toEqual(['linux/amd64', 'linux/arm64']);
    expect(target?.output).toEqual([expect.objectContaining({ push: 'true' })]);
  });
});

it('a release has an SBOM and its provenance, and the time that it was told', async () => {
  const targets = await printed('docker buildx bake --print --push 2>/dev/null', {
    SOURCE_DATE_EPOCH: '1750000000',
  });
  for (const { attest, args } of targets) {
    expect(attest?.map(({ type }) => type).sort()).toEqual(['provenance', 'sbom']);
    expect(args.SOURCE_DATE_EPOCH).toBe('1750000000');
  }
  expect(readFileSync(join(root, 'docker-bake.hcl'), 'utf8')).toContain('rewrite-timestamp=true');
});
