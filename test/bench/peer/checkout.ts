import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../cluster/rig.ts';

/** The release that all figures of the peer are of. */
export const release = 'v0.7.31';
const module = 'github.com/sigstore/scaffolding';

/**
 * The commit of a checkout of the peer.
 *
 * @throws {Error} Where the folder is another repository, another release, or was changed.
 */
export async function commitOf(checkout: string): Promise<string> {
  const wanted = `--peer wants a checkout of ${module} at the tag ${release}`;
  const found = moduleOf(await readFile(join(checkout, 'go.mod'), 'utf8').catch(() => ''));
  if (found !== module)
    throw new Error(`${wanted}; ${checkout} ${found ? `is ${found}` : 'has no go.mod'}`);
  const tag = await git(checkout, 'describe', '--tags');
  if (tag !== release) throw new Error(`${wanted}; ${checkout} is at ${tag || 'no tag at all'}`);
  const changed = await git(checkout, 'status', '--porcelain', '--untracked-files=no');
  if (changed !== '') throw new Error(`${wanted}; in ${checkout} was changed:\n${changed}`);
  return git(checkout, 'rev-parse', 'HEAD');
}

/** What a go.mod names itself. */
export function moduleOf(goMod: string): string | undefined {
  return /^module\s+(\S+)/m.exec(goMod)?.[1];
}

async function git(checkout: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', checkout, ...args]);
  return stdout.trimEnd();
}
