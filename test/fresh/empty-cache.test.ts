import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rig, run } from '../cluster/rig.ts';

// What costs seconds to make, from nothing but the registries: so that a pin that is gone shows on every machine, and
// not only on one that is new.
const parts = ['packages', 'pause', 'go-tuf', 'sigstore-python'];
const { must } = rig('fresh');

let work = '';
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-fresh-'));
});
afterAll(async () => {
  // Go writes its modules read-only.
  await run('chmod', ['-R', 'u+w', work]);
  await rm(work, { recursive: true, force: true });
});

describe('rig build', () => {
  it('makes its cheap parts from empty caches, and finds them there the next time', async () => {
    const home = join(work, 'home');
    await mkdir(home);
    const env = {
      SIGSTAND_CACHE: join(work, 'cache'),
      GOMODCACHE: join(work, 'go'),
      PIP_NO_CACHE_DIR: '1',
      PIP_FIND_LINKS: '',
    };
    await must(['build', ...parts], { env });
    const made = await readdir(join(work, 'cache/bin'));
    expect(made.map((name) => name.replace(/-[0-9a-f]{16}$/, '')).sort()).toEqual(
      parts.slice(1).sort(),
    );
    const version = await run(await binOf('sigstore-python', env), ['--version']);
    expect(version).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sigstore \d/) });
    const again = await must(['build', ...parts.slice(1)], { env });
    expect(again.match(/cached$/gm)).toHaveLength(parts.length - 1);
  });
});

async function binOf(name: string, env: Readonly<Record<string, string>>): Promise<string> {
  return (await must(['bin', name], { env })).trim();
}
