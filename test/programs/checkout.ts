import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../cluster/rig.ts';
import { kept } from './kept.ts';

/* Repositories of others that come from a checkout of their user's, since no Go module of them is served. */

/**
 * The commit of a checkout of a module, whatever its release. `by` is what names the checkout.
 *
 * @throws {Error} Where the folder is another repository, or was changed.
 */
export async function commitOf(checkout: string, module: string, by: string): Promise<string> {
  const wanted = `${by} wants a checkout of ${module}`;
  const found = moduleOf(await readFile(join(checkout, 'go.mod'), 'utf8').catch(() => ''));
  if (found !== module)
    throw new Error(`${wanted}; ${checkout} ${found ? `is ${found}` : 'has no go.mod'}`);
  return unchanged(checkout, wanted);
}

/** The commit that a checkout is, if nothing in it was changed. @throws {Error} */
export async function unchanged(checkout: string, wanted: string): Promise<string> {
  const changed = await git(checkout, 'status', '--porcelain', '--untracked-files=no');
  if (changed !== '') throw new Error(`${wanted}; in ${checkout} was changed:\n${changed}`);
  return git(checkout, 'rev-parse', 'HEAD');
}

/** What a go.mod names itself. */
export function moduleOf(goMod: string): string | undefined {
  return /^module\s+(\S+)/m.exec(goMod)?.[1];
}

export async function git(checkout: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', checkout, ...args]);
  return stdout.trimEnd();
}

/** Programs below `cmd/` of a checkout, compiled once for each commit; resolves to the folder that they are in. */
export async function compiledFrom(
  checkout: string,
  commit: string,
  programs: readonly string[],
): Promise<string> {
  return kept(`foreign/${programs.join('-')}-${commit.slice(0, 16)}`, async (made) => {
    const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOWORK: 'off' };
    const paths = programs.map((program) => `./cmd/${program}`);
    const args = ['-C', checkout, 'build', '-trimpath', '-o', `${made}/`, ...paths];
    const built = await run('go', args, { env, timeout: 3_600_000 });
    if (built.status !== 0) throw new Error(`go build ${programs.join(' ')}: ${built.stderr}`);
  });
}
