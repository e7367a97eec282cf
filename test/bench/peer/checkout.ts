import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git, moduleOf, unchanged } from '../../programs/checkout.ts';
import { type Tag, tags } from './releases.ts';

const repository = 'github.com/sigstore/scaffolding';
/** The later releases have a module for each system, and none for the whole. */
const goMods = ['go.mod', 'tools/tuf/go.mod'];

/**
 * The release and the commit of a checkout of the peer.
 *
 * @throws {Error} Where the folder is another repository, another release than those wanted, or was changed.
 */
export async function readCheckout(
  checkout: string,
  releases: readonly Tag[] = tags,
): Promise<{ readonly tag: Tag; readonly commit: string }> {
  const wanted = `this wants a checkout of ${repository} at the tag ${releases.join(' or ')}`;
  const texts = goMods.map((file) => readFile(join(checkout, file), 'utf8').catch(() => ''));
  const found = (await Promise.all(texts)).map(moduleOf).find((name) => name !== undefined);
  if (found !== repository && !found?.startsWith(`${repository}/`))
    throw new Error(`${wanted}; ${checkout} ${found ? `is ${found}` : 'has no go.mod'}`);
  const described = await git(checkout, 'describe', '--tags');
  const tag = releases.find((one) => one === described);
  if (!tag) throw new Error(`${wanted}; ${checkout} is at ${described || 'no tag at all'}`);
  return { tag, commit: await unchanged(checkout, wanted) };
}
