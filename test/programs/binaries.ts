import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const rig = join(import.meta.dirname, '../rig/rig');
const found = new Map<string, string>();

/**
 * The path of one of the real programs that the rig builds or installs, such as `ct_server`.
 *
 * @throws {Error} Where it has not been built: tests do not pass over what they cannot run.
 */
export function binary(name: string): string {
  const known = found.get(name);
  if (known) return known;
  try {
    const path = execFileSync(rig, ['bin', name], { encoding: 'utf8' }).trim();
    found.set(name, path);
    return path;
  } catch (error) {
    throw new Error(`${name} is not built: run test/rig/rig build`, { cause: error });
  }
}
