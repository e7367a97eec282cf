import { follow, type Section } from '../cluster/clients/rotation.ts';
import type { Ground } from './ground.ts';

/** What happens to a stack in its life. */
export function eventsOf(of: () => Ground) {
  const run = (section: Section) => follow(of().cluster, of().folder, section);
  return {
    /** Timestamp and snapshot are signed again. */
    async refresh() {
      const due = ['--timestamp-renew=604799s', '--snapshot-renew=7775999s'];
      await of().tuf.createtuf(`refresh-${Date.now()}`, due);
    },
    /** docs/rotation.md, for the root and for Fulcio's CA. */
    async rotateRoot() {
      await run('The root of the TUF repository');
      await of().tuf.served();
    },
    async replaceCa() {
      await run("Fulcio's CA");
      await run('Telling the clients');
      await of().tuf.served();
    },
    /** The TUF server is no longer there, or is again. */
    async tufServer(replicas: 0 | 1) {
      const { cluster } = of();
      const place = ['deployment/tuf', '-n', 'tuf-system'];
      await cluster.kubectl('scale', ...place, `--replicas=${replicas}`);
      await cluster.kubectl('rollout', 'status', ...place, '--timeout=2m');
    },
  };
}
