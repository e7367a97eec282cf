import { join } from 'node:path';
import { readCheckout } from '../bench/peer/checkout.ts';
import { tokenOf } from '../cluster/cosign.ts';
import type { Result } from '../cluster/rig.ts';
import { compiledFrom } from '../programs/checkout.ts';
import type { Ground } from './ground.ts';

/** What it needs of a stack. */
export type Probed = Pick<Ground, 'cluster' | 'trust'>;

/**
 * Runs the peer's prober once: it reads each endpoint of each server, and writes to Fulcio, Rekor and the timestamp
 * authority. `checkout` is the peer's repository at its tag, since no Go module of it is served.
 */
export async function probe({ cluster, trust }: Probed, checkout: string): Promise<Result> {
  const { commit } = await readCheckout(checkout, ['v0.7.31']);
  const program = join(await compiledFrom(checkout, commit, ['prober']), 'prober');
  const how = ['--one-time', '--write-prober', '--retry', '1', '--disable-grpc'];
  const where = ['--addr', '127.0.0.1:8099'];
  const files = [
    ...['--signing-config', join(trust, 'signing_config.v0.2.json')],
    ...['--trusted-root', join(trust, 'trusted_root.json')],
  ];
  await cluster.kubectl('create', 'serviceaccount', 'prober', '-n', 'default');
  const env = await tokenOf(cluster, 'prober');
  return cluster.exec([program, ...how, ...where, ...files], { env, timeout: 120_000 });
}
