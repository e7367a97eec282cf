import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cosign, identityOf, issuer, tokenOf } from '../../cluster/cosign.ts';
import type { Rig } from '../../cluster/rig.ts';
import { mirror, secretValue } from '../../cluster/stack.ts';
import { clock } from './watch.ts';

/**
 * Signs a blob and verifies it, as somebody who has nothing yet but the stack: a new home, the root of the TUF
 * repository out of its Secret, a token, three runs of cosign. Resolves to the moment at which it was verified.
 *
 * @throws {Error} Where cosign refuses.
 */
export async function signAndVerify(
  cluster: Rig,
  signFlags: readonly string[] = [],
): Promise<number> {
  const client = await cosign(cluster, 'cosign3');
  const file = (name: string) => join(client.home, name);
  try {
    await writeFile(file('root.json'), await secretValue(cluster, 'tuf-system/tuf-root', 'root'));
    await writeFile(file('blob'), 'signed by whoever stands up first\n');
    const token = await tokenOf(cluster, 'default');
    await client.must(['initialize', '--mirror', mirror, '--root', file('root.json')]);
    const bundle = ['--bundle', file('bundle.json')];
    await client.must(['sign-blob', '--yes', ...signFlags, ...bundle, file('blob')], token);
    const identity = ['--certificate-identity', identityOf('default')];
    const from = ['--certificate-oidc-issuer', issuer];
    await client.must(['verify-blob', ...bundle, ...identity, ...from, file('blob')]);
    return clock();
  } finally {
    await client.remove();
  }
}
