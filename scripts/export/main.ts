// What clients need to trust a stack, as a folder of files; ../export.sh runs it.
import { join, resolve } from 'node:path';
import { type Host, main } from '@sigstand/job/main';
import { directoryStore } from '@sigstand/store/directory';
import { exportTrust } from './job.ts';
import { kubectlStore } from './kubectl.ts';

const { argv, cwd, env, stderr, stdout } = process;
const out = env.SIGSTAND_OUT ?? join(import.meta.dirname, '../../.sigstand');
// npm runs its scripts in the project's folder, and tells where it was called.
const from = env.npm_lifecycle_event === 'export' ? (env.INIT_CWD ?? cwd()) : cwd();
const job = exportTrust({ from, folder: resolve(out, 'trust') });
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const host: Host = {
  args: argv.slice(2),
  env: {},
  stdout: (text) => void stdout.write(text),
  stderr: (text) => void stderr.write(text),
  signal: stop.signal,
  now: () => new Date(),
  openStore: async (place) => {
    if (place.kind === 'dir') return directoryStore(resolve(from, place.path));
    const { kubeconfig, context } = job.command.opts();
    return kubectlStore({ kubeconfig: kubeconfig && resolve(from, kubeconfig), context });
  },
};
process.exitCode = await main(job, host);
