import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './cluster/rig.ts';

const page = readFileSync(join(root, 'manifests/README.md'), 'utf8');
const [, renaming = ''] = /^ {4}(sed -E .* manifests\/\*\.yaml) > stg\.yaml$/m.exec(page) ?? [];

/**
 * The manifests of a stack whose namespaces begin with `prefix`, as the command in manifests/README.md makes them of
 * the folder `manifests` in `place`.
 *
 * @throws {Error} Where the page has no such command, or it fails.
 */
export async function secondStack(prefix: string, place = root): Promise<string> {
  if (!renaming.includes('stg-')) throw new Error('manifests/README.md has no such command');
  const command = renaming.replace('stg-', prefix);
  const { status, stdout, stderr } = await run('bash', ['-c', `cd "$0" && ${command}`, place]);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The namespaces of a stack under their own names, in a text. */
export function firstStackIn(text: string): string[] {
  return text.match(/(?<![\w-])(?:trillian|rekor|fulcio|ctlog|tsa|tuf)-system(?![\w-])/g) ?? [];
}
