import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunOptions, root, run } from '../../cluster/rig.ts';
import { kept } from '../../programs/kept.ts';
import type { Build, Program, Release, Tag } from './releases.ts';

/** What a release has programs of. */
export const namesOf = ({ programs }: Release) => Object.keys(programs) as Program[];

/** The name by which the rig serves a program's image, or that of the database. */
export const imageOf = (name: Program | 'database', tag: Tag) => `localhost/peer/${name}:${tag}`;

/** Where the programs are, compiled as the peer's releases are: static, stripped, without paths. */
export async function compiled(
  checkout: string,
  commit: string,
  { programs }: Release,
): Promise<string> {
  return kept(join(cacheOf(commit), 'bin'), async (made) => {
    for (const [name, build] of Object.entries(programs))
      await compile(checkout, build, join(made, name));
  });
}

const flags = ['-trimpath', '-tags', 'nostackdriver', '-ldflags', '-s -w -extldflags "-static"'];
// A program's own go.mod decides what is compiled; the toolchain is the one that compiles the rig.
const env = {
  ...{ CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' },
  // Its workspace wants modules of programs that no manifest names.
  GOWORK: 'off',
};

async function compile(checkout: string, { module, package: path }: Build, to: string) {
  if (module !== undefined) {
    const args = ['-C', join(checkout, module), 'build', ...flags, '-o', to, path];
    return must('go', args, { env });
  }
  // By its own go.mod, as in a checkout of it. Where `go install` puts it is all that one can choose, not the name.
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-peer-'));
  try {
    await must('go', ['install', ...flags, path], { env: { ...env, GOBIN: folder } });
    const [file = ''] = await readdir(folder);
    await must('cp', [join(folder, file), to]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Where the images are: an OCI layout for each program, all of them on one base, and one for the database if it has one. */
export async function laidOut(
  bin: string,
  commit: string,
  { schema, database }: { schema: string; database: boolean },
): Promise<string> {
  const script = 'test/bench/peer/layouts.sh';
  const input = database ? schema : '';
  const inputs = `${await readFile(join(root, script), 'utf8')}${input}`;
  const hash = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
  return kept(join(cacheOf(commit), `images-${hash}`), (made) =>
    must('bash', [script, bin, made, ...(database ? ['database'] : [])], { input }),
  );
}

const cacheOf = (commit: string) => `peer-${commit.slice(0, 16)}`;

export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const { status, stdout, stderr } = await run(command, args, { ...options, timeout: 3_600_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
}
