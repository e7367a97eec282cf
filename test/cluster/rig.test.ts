import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { processes } from './processes.ts';
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
  const programs = processes()
    .filter(({ command }) => /\/(run|lib)\/sigstand\/crash[/ ]/.test(command))
    .map(({ pid, command }) => `${pid} ${command}`);
  return [...mounts, ...folders.flat(), ...programs].filter((line) =>
    /sigstand[-/]crash/.test(line),
  );
}

/** Starts `rig up`, and gives what kills it, with all that is in its process group. */
function up() {
  const child = spawn('test/rig/rig', ['up'], {
    cwd: root,
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, ...cluster.env },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return async () => {
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
  };
}

/** The processes that are about to become the instance's holder, as soon as there are any. */
async function startingHolder(): Promise<number[]> {
  for (;;) {
    const found = processes().filter(({ command }) =>
      command.includes('/hold.sh /var/lib/sigstand/crash '),
    );
    if (found.length > 0) return found.map(({ pid }) => pid);
    await new Promise(setImmediate);
  }
}

function stop(pid: number): void {
  try {
    process.kill(pid, 'SIGSTOP');
  } catch (error) {
    // It may have ended since it was seen.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe('rig down', () => {
  it.each([1_500, 4_000])('leaves no trace of an up that was killed after %i ms', async (wait) => {
    const kill = up();
    await new Promise((resolve) => setTimeout(resolve, wait));
    await kill();
    await cluster.must(['down']);
    expect(await traces()).toEqual([]);
  });

  it('leaves no trace of an up that was killed while its holder started', async () => {
    const kill = up();
    for (const pid of await startingHolder()) stop(pid);
    await kill();
    await cluster.must(['down']);
    expect(await traces()).toEqual([]);
  });

  it('is content where nothing runs', async () => {
    expect(await cluster.must(['down'])).toBeDefined();
    expect((await run('test/rig/rig', ['status'], { env: cluster.env })).status).toBe(3);
  });
});
