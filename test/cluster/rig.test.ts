import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { rig, root, run } from './rig.ts';

const cluster = rig('crash');
afterAll(() => cluster.must(['down']));

/** What an instance leaves on the machine while it is there. */
async function traces(): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const folders = await Promise.all(
    ['/run/sigstand', '/var/lib/sigstand', '/run/netns', '/etc/netns'].map(async (folder) =>
      (await readdir(folder).catch(() => [])).map((name) => `${folder}/${name}`),
    ),
  );
  const programs = await run('pgrep', ['-fa', '/(run|lib)/sigstand/crash/']);
  return [...mounts, ...folders.flat(), ...programs.stdout.split('\n')].filter((line) =>
    /sigstand[-/]crash/.test(line),
  );
}

describe('rig down', () => {
  it.each([1_500, 4_000])('leaves no trace of an up that was killed after %i ms', async (wait) => {
    const up = spawn('test/rig/rig', ['up'], {
      cwd: root,
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...cluster.env },
    });
    await new Promise((resolve) => setTimeout(resolve, wait));
    const ended = new Promise((resolve) => up.once('exit', resolve));
    process.kill(-up.pid!, 'SIGKILL');
    await ended;
    await cluster.must(['down']);
    expect(await traces()).toEqual([]);
  });

  it('is content where nothing runs', async () => {
    expect(await cluster.must(['down'])).toBeDefined();
    expect((await run('test/rig/rig', ['status'], { env: cluster.env })).status).toBe(3);
  });
});
