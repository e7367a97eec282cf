import { join } from 'node:path';
import { machinePath } from '../packed.ts';
import { root, run } from './rig.ts';

/** Builds the CLI; resolves to the command that runs it as an operator does, by the machine's own Node. */
export async function builtCli(): Promise<readonly string[]> {
  const built = await run('node', ['packages/sigstand/build.ts']);
  if (built.status !== 0) throw new Error(built.stderr);
  const bundle = join(root, 'packages/sigstand/dist/sigstand.cjs');
  return ['env', `PATH=${machinePath()}`, 'USER=operator', 'node', bundle];
}
