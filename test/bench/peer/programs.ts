import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunOptions, root, run } from '../../cluster/rig.ts';
import { kept } from '../../programs/kept.ts';
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
  return kept(join(cacheOf(commit), 'bin'), async (made) => {
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
}

/** The name by which the rig serves the peer's database. */
export const databaseImage = `localhost/peer/database:${release}`;

/** Where the images are: an OCI layout for each program, all of them on one base, and one for the database. */
export async function laidOut(bin: string, commit: string, schema: string): Promise<string> {
  const script = 'test/bench/peer/layouts.sh';
  const inputs = `${await readFile(join(root, script), 'utf8')}${schema}`;
  const hash = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
  return kept(join(cacheOf(commit), `images-${hash}`), (made) =>
    must('bash', [script, bin, made], { input: schema }),
  );
}

const cacheOf = (commit: string) => `peer-${commit.slice(0, 16)}`;

async function must(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  const { status, stdout, stderr } = await run(command, args, { ...options, timeout: 3_600_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
}
