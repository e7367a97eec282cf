import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type RunOptions, root, run } from '../../cluster/rig.ts';
import { release } from './checkout.ts';

/** The peer's counterparts of our Jobs and of our TUF web server, by the folder of each below `cmd`. */
export const programs = {
  createdb: 'trillian/createdb',
  createtree: 'trillian/createtree',
  'rekor-createsecret': 'rekor/rekor-createsecret',
  createcerts: 'fulcio/createcerts',
  createctconfig: 'ctlog/createctconfig',
  createcertchain: 'tsa/createcertchain',
  'tuf-createsecret': 'tuf/createsecret',
  'tuf-server': 'tuf/server',
} as const;
export type Program = keyof typeof programs;
export const names = Object.keys(programs) as Program[];

/** The name by which the rig serves a program's image. */
export const imageOf = (program: Program) => `localhost/peer/${program}:${release}`;

/** Where the programs are, compiled as the peer's releases are: static, stripped, without paths. */
export async function compiled(checkout: string, commit: string): Promise<string> {
  const folder = join(cacheOf(commit), 'bin');
  await once(folder, async (made) => {
    for (const program of names) {
      const flags = [
        '-trimpath',
        '-tags',
        'nostackdriver',
        '-ldflags',
        '-s -w -extldflags "-static"',
      ];
      const args = ['-C', checkout, 'build', ...flags, '-o', join(made, program)];
      // Its go.mod decides what is compiled; the toolchain is the one that compiles the rig.
      const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' };
      await must('go', [...args, `./cmd/${programs[program]}`], { env });
    }
  });
  return folder;
}

/** The name by which the rig serves the peer's database. */
export const databaseImage = `localhost/peer/database:${release}`;

/** Where the images are: an OCI layout for each program, all of them on one base, and one for the database. */
export async function laidOut(bin: string, commit: string, schema: string): Promise<string> {
  const script = 'test/bench/peer/layouts.sh';
  const inputs = `${await readFile(join(root, script), 'utf8')}${schema}`;
  const hash = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
  const folder = join(cacheOf(commit), `images-${hash}`);
  await once(folder, (made) => must('bash', [script, bin, made], { input: schema }));
  return folder;
}

function cacheOf(commit: string): string {
  const cache = process.env.SIGSTAND_CACHE ?? join(homedir(), '.cache/sigstand');
  return join(cache, `peer-${commit.slice(0, 16)}`);
}

/** Makes a folder where there is none; one that was left half made is not found under its name. */
async function once(folder: string, make: (made: string) => Promise<void>): Promise<void> {
  const there = await access(folder).then(
    () => true,
    () => false,
  );
  if (there) return;
  await mkdir(dirname(folder), { recursive: true });
  const made = await mkdtemp(`${folder}.`);
  try {
    await make(made);
    await rename(made, folder);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function must(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  const { status, stdout, stderr } = await run(command, args, { ...options, timeout: 3_600_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
}
