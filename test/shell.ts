import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** What a script came to. */
export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a text in bash as strictly as the scripts are run; what it writes belongs into `folder`. */
export function bash(
  text: string,
  { env = {}, folder = root }: { env?: Readonly<Record<string, string>>; folder?: string } = {},
): Said {
  const strict = 'set -o errexit -o nounset -o pipefail; shopt -s inherit_errexit\n';
  const { status, stdout, stderr } = spawnSync('bash', ['-c', strict + text], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
    encoding: 'utf8',
    // One that waits for what never comes is ended.
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

/** Calls `use` with a new folder that holds these files, and removes it. */
export function inFolder<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'sigstand-shell-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Puts a program that is told here before all others of its name; gives the PATH that finds it. */
export function standIn(folder: string, name: string, text: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
  return `${bin}${delimiter}${process.env.PATH}`;
}
