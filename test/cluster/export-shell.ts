import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { binary } from '../programs/binaries.ts';
import type { Result, Rig } from './rig.ts';

/** The clients under the names that their users call them by; both cosigns are `cosign` to them. */
const programs = {
  'cosign 3': ['cosign', 'cosign3'],
  'cosign 2': ['cosign', 'cosign2'],
  'sigstore-python': ['sigstore', 'sigstore-python'],
  'sigstore-js': ['node', 'node'],
  'sigstore-go': ['go', 'go'],
  gitsign: ['gitsign', 'gitsign'],
  'sigstore-java': ['java', 'java'],
} as const;

export type Client = keyof typeof programs;

/** Those that sign in the cluster; sigstore-java asks Fulcio by TLS alone, which there is outside. */
export const clients = (Object.keys(programs) as Client[]).filter((one) => one !== 'sigstore-java');

/** A person's shell in the cluster's network, with a home of its own and a client on its PATH. */
export interface Shell {
  readonly home: string;
  /** Runs a script with bash, which ends at the first command that fails. */
  run(script: string, options?: ShellOptions): Promise<Result>;
}

export interface ShellOptions {
  /** Where the script starts; the shell's own folder, if none is named. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** @throws {Error} Where the client is not built. */
export async function shellWith(cluster: Rig, client: Client, work: string): Promise<Shell> {
  const [called, program] = programs[client];
  const [home, bin, tmp] = [join(work, 'home'), join(work, 'bin'), join(work, 'tmp')];
  for (const folder of [home, bin, tmp]) await mkdir(folder);
  const path = program === 'node' ? process.execPath : binary(program);
  // Java takes the home folder from the system's list of users.
  if (program === 'java') await script(join(bin, called), `"${path}" -Duser.home="$HOME" "$@"`);
  else await symlink(path, join(bin, called));
  await mkdir(dirname(join(home, publicFile)), { recursive: true });
  await writeFile(join(home, publicFile), publicText);
  const PATH = [bin, process.env.PATH, dirname(binary('kubectl'))].join(':');
  // By env(1): the rig itself finds its programs under the caller's HOME.
  const own = ['env', `HOME=${home}`, `PATH=${PATH}`, `TMPDIR=${tmp}`];
  return {
    home,
    run: (script, { folder = work, env = {} } = {}) =>
      cluster.exec([...own, 'bash', '-euo', 'pipefail', '-c', `cd "$0"\n${script}`, folder], {
        env,
        timeout: 300_000,
      }),
  };
}

async function script(path: string, command: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\nexec ${command}\n`);
  await chmod(path, 0o755);
}

/** What a user of the public Sigstore has at home; no client may touch it. */
export const publicFile = '.sigstore/root/remote.json';
export const publicText = '{"mirror":"https://tuf.invalid"}';

/** The code blocks of one language below a heading of a page, in order, as one text. */
export async function blockBelow(page: string, heading: string, language = 'sh'): Promise<string> {
  const sections = (await readFile(page, 'utf8')).split(/^##? /m);
  const section = sections.find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(
    ([, its]) => its === language,
  );
  if (blocks.length === 0) throw new Error(`${page} has no ${language} below ${heading}`);
  return blocks.map(([, , block]) => block).join('\n');
}
