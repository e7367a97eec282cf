import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { applyAll } from '../../cluster/bring-up.ts';
import { type Rig, root } from '../../cluster/rig.ts';
import { signAndVerify } from './sign.ts';
import { clock } from './watch.ts';

/**
 * What `npm start` does from its first apply on; resolves to the moment at which a blob was signed and verified,
 * after which it waits for what nobody needs for that.
 *
 * @param out The folder of what it leaves for its user.
 * @param told Is given every line that it says, as it comes.
 */
export async function stages(
  cluster: Rig,
  out: string,
  told: (line: string) => void = () => {},
): Promise<number> {
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'cluster'), 'rig');
  const child = spawn('bash', ['scripts/stack.sh'], {
    cwd: root,
    env: { ...process.env, ...cluster.env, SIGSTAND_OUT: out },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let verified: number | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (/✔ .*signed.* verified/.test(line)) verified = clock();
      lines.push(line);
      told(line);
    });
  }
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0 || verified === undefined)
    throw new Error(`scripts/stack.sh ended with ${status}\n${lines.join('\n')}`);
  return verified;
}

/** One apply of all manifests, waits for all Jobs and servers, and a signature: its moment. */
export async function oneApply(cluster: Rig, manifests: string): Promise<number> {
  await applyAll(cluster, manifests);
  return signAndVerify(cluster);
}
