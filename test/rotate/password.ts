import type { Rig } from '../cluster/rig.ts';
import { secretValue } from '../cluster/stack.ts';

/** What the database of a stack on the rig says to passwords. */
export function passwordsOf(cluster: Rig) {
  const secret = (namespace: string) =>
    secretValue(cluster, `${namespace}/trillian-mysql`, 'password').then(String);
  return {
    /** What the Secrets have; one value where both have the same. */
    async stored(): Promise<string[]> {
      return [...new Set([await secret('trillian-system'), await secret('rekor-system')])];
    },
    /** Whether one is let in, as the servers log in. */
    async letsIn(password: string): Promise<boolean> {
      const script =
        'MYSQL_PWD=$(cat) exec mariadb-admin --no-defaults --host=127.0.0.1 --user=trillian status';
      const pod = ['exec', '-i', '-n', 'trillian-system', 'mysql-trillian-0', '-c', 'mysql'];
      return cluster
        .must(['kubectl', ...pod, '--', 'sh', '-c', script], { input: password })
        .then((said) => /Uptime/.test(said))
        .catch((error: Error) => {
          if (/Access denied/.test(error.message)) return false;
          throw error;
        });
    },
    /** All that could show a password: what the stack's Pods print, and the cluster's Events. */
    async printed(): Promise<string> {
      const systems = ['trillian-system', 'rekor-system', 'ctlog-system'];
      const logs = systems.map(async (namespace) => {
        const pods = (await cluster.kubectl('get', 'pods', '-n', namespace, '-o', 'name')).trim();
        const all = pods
          .split('\n')
          .map((pod) =>
            cluster
              .kubectl('logs', '-n', namespace, pod, '--all-containers', '--tail=-1')
              .catch(() => ''),
          );
        return (await Promise.all(all)).join('\n');
      });
      const events = cluster.kubectl('get', 'events', '-A', '-o', 'yaml');
      return (await Promise.all([...logs, events])).join('\n');
    },
  };
}
