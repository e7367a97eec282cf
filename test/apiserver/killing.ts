import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { builtCli } from '../cluster/cli.ts';
import { startApiProxy } from '../faults/api-proxy.ts';
import { Traffic } from '../faults/requests.ts';
import type { KubeApiServer } from '../programs/kube-apiserver.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';

/** The CLI in a process of its own, before an API server that kills it. */
export interface Killing {
  /** Kills a run right after so many changes; resolves to the changes, the last one included. */
  killed(args: readonly string[], after: number): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** Builds the CLI. */
export async function killingAt({ url, authority, kubeconfig }: KubeApiServer): Promise<Killing> {
  const [env = '', ...command] = await builtCli();
  const work = await mkdtemp(join(tmpdir(), 'sigstand-killing-'));
  const user = kubeconfigAt(kubeconfig);
  return {
    async killed(args, after) {
      const traffic: Traffic = new Traffic(({ writes }) =>
        writes && traffic.writes.length === after ? { kind: 'kill', when: 'after' } : undefined,
      );
      const proxy = await startApiProxy({ url, authority }, traffic);
      const config = new KubeConfig();
      config.loadFromClusterAndUser(
        { name: 'proxy', server: proxy.url, caData: btoa(proxy.authority), skipTLSVerify: false },
        user.getCurrentUser() ?? { name: 'nobody' },
      );
      const file = join(work, `${proxy.url.replace(/\D/g, '')}.yaml`);
      await writeFile(file, config.exportConfig());
      const child = spawn(env, [...command, ...args, `--kubeconfig=${file}`], { stdio: 'ignore' });
      traffic.victim = child;
      const [status, signal] = await once(child, 'exit');
      await proxy.close();
      if (signal !== 'SIGKILL') throw new Error(`it ended with ${status} before its death`);
      return traffic.writes.map(({ what }) => what.replace(/\?.*/, ''));
    },
    remove: () => rm(work, { recursive: true }),
  };
}
