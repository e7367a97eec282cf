import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './cluster/rig.ts';

const page = readFileSync(join(root, 'manifests/README.md'), 'utf8');

/** The command by which manifests/README.md makes the manifests of a second stack. */
export const renaming = /^ {4}(sed -E .* manifests\/\*\.yaml) > (\S+)$/m.exec(page) ?? [];

/** What that command prints: the manifests of a stack whose namespaces begin with `prefix`. */
export async function secondStack(prefix: string): Promise<string> {
  const [, command = ''] = renaming;
  if (!command.includes('stg-')) throw new Error('manifests/README.md has no such command');
  const { status, stdout, stderr } = await run('bash', ['-c', command.replace('stg-', prefix)]);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The namespaces of a stack under their own names, in a text. */
export function firstStackIn(text: string): string[] {
  return text.match(/(?<![\w-])(?:trillian|rekor|fulcio|ctlog|tsa|tuf)-system(?![\w-])/g) ?? [];
}
