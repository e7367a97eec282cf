import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleAt } from '../scripts/bundles.ts';

/* What of the CLI is the process's: its streams, its signals, its folders. It is the file that npm run build makes. */

const file = bundleAt('sigstand');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigstand-process-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Process {
  readonly stdin?: number | 'pipe';
  readonly stdout?: number | 'pipe';
  readonly env?: Record<string, string>;
  /** It gets this signal once it reads standard input, which goes on. */
  readonly kill?: NodeJS.Signals;
}

async function cli(
  args: readonly string[],
  { stdin = 'pipe', stdout = 'pipe', env, kill }: Process,
) {
  const child = spawn(process.execPath, [file, ...args], {
    ...{ cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...env } },
    stdio: [stdin, stdout, 'pipe'],
  });
  const closed = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // More than is kept on the way: it is written once it is read.
  if (kill) child.stdin?.write('#'.repeat(1 << 20), () => child.kill(kill));
  const stderr = child.stderr ? await text(child.stderr) : '';
  return { status: await closed, stderr };
}

describe('standard input', () => {
  it.each(['up', 'down'])('that never ends lets sigstand %s be stopped', async (verb) => {
    const { status, stderr } = await cli([verb, '--manifests=-'], { kill: 'SIGINT' });
    expect({ status, stderr }).toEqual({
      status: 75,
      stderr: `sigstand ${verb}: error: stopped before it was done; run it again, it goes on from what is stored\n`,
    });
  });

  it('that is longer than manifests are is refused', async () => {
    const stdin = openSync('/dev/zero', 'r');
    const { status, stderr } = await cli(['up', '--manifests=-'], { stdin });
    closeSync(stdin);
    expect(status).toBe(64);
    expect(stderr).toContain('standard input has more than 16777216 bytes');
  });
});

describe('standard output', () => {
  it.each([[['--version']], [['--help']], [['token', '--help']]])(
    'that is full is told: %j',
    async (args) => {
      const stdout = openSync('/dev/full', 'w');
      const { status, stderr } = await cli(args, { stdout });
      closeSync(stdout);
      expect(status).toBe(75);
      expect(stderr).toContain('standard output cannot be written: ENOSPC');
    },
  );

  it('whose reader has gone is nobody’s fault', () => {
    const pipe = ['-c', '"$@" --help | true; echo "$PIPESTATUS"', '-', process.execPath, file];
    expect(execFileSync('bash', pipe, { encoding: 'utf8' })).toBe('0\n');
  });
});

describe('a folder for what is temporary', () => {
  it('that is not there is named', async () => {
    const asked = ['status', '--direct', '--mirror=http://127.0.0.1:9'];
    const { status, stderr } = await cli(asked, { env: { TMPDIR: join(folder, 'nothere') } });
    expect(status).toBe(65);
    expect(stderr).toContain(
      `no folder can be made in ${join(folder, 'nothere')} for the TUF client`,
    );
  });
});

describe('--token env:VARIABLE', () => {
  it.each([{}, { TOKEN: '' }])('is refused at once where that is not set: %j', async (env) => {
    for (const args of [['status', '--direct'], ['up']]) {
      const { status, stderr } = await cli([...args, '--token=env:TOKEN'], { env });
      expect(status).toBe(64);
      expect(stderr).toContain('--token names a variable of the environment that is not set');
    }
  });
});

describe('the program of the image', () => {
  // An image that had the manifests would have its own digest in it.
  it.each(['up', 'down'])('says to sigstand %s that it has no manifests', async (verb) => {
    expect(await cli([verb], {})).toEqual({
      status: 64,
      stderr: `sigstand ${verb}: error: the image has no manifests in it; give --manifests FILE: those of the release, or what helm template prints of the chart\n`,
    });
  });
});

describe('sigstand status', () => {
  it.each(['', '{}', '{"signed":{"_type":"timestamp"}}', '\0'])(
    'takes %j for no first root',
    async (content) => {
      writeFileSync(join(folder, 'root.json'), content);
      const asked = ['status', '--direct', '--mirror=http://127.0.0.1:9', '--root=root.json'];
      const { status, stderr } = await cli(asked, {});
      expect(status).toBe(64);
      expect(stderr).toContain('--root is no root of a TUF repository');
    },
  );
});
