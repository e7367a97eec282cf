import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, type Rig, type RunOptions, run, waste } from '../cluster/rig.ts';

/** A machine with Docker, as `test/kind/machine` makes it, and a user with a checkout of this repository on it. */
export interface Machine {
  /** The checkout; its manifests name images that this machine's registries have. */
  readonly checkout: string;
  /** The user's kubeconfig, in their home. */
  readonly kubeconfig: string;
  /** A command of the user, in the checkout. */
  exec(command: readonly string[], options?: RunOptions): Promise<Result>;
  /** @throws {Error} With all that it printed, where it ends with another status than 0. */
  must(command: readonly string[], options?: RunOptions): Promise<string>;
  /** `npm start -- ARGS`, after some commands of bash. */
  start(args: string, before?: string): Promise<Ended>;
  stop(): Promise<Ended>;
  /** kubectl on the cluster of a kubeconfig, by default that of npm start. */
  cluster(kubeconfig?: string): Pick<Rig, 'get' | 'kubectl'>;
  /** A verb of `test/kind/machine`. */
  verb(...args: string[]): Promise<string>;
  /** Ends the machine, and takes away what the user had. */
  down(): Promise<void>;
}

/** How a command ended, with all that it printed. */
export interface Ended {
  readonly status: number;
  readonly said: string;
}

/** What the user's kubectl speaks to before anything begins. */
export const userKubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: work, cluster: {server: "https://work.example"}}]
contexts: [{name: work, context: {cluster: work, user: me}}]
users: [{name: me, user: {}}]
current-context: work
`;

/** The registry of each machine; it takes pushes. */
export const registry = '10.200.0.1:5000';

/** Starts a machine, or takes the one that runs under this name. */
export async function startMachine(name: string, ...flags: string[]): Promise<Machine> {
  const work = await mkdtemp(join(tmpdir(), 'sigstand-machine-'));
  const home = join(work, 'home');
  const checkout = join(work, 'sigstand');
  const env = {
    MACHINE: name,
    SIGSTAND_CACHE:
      process.env.SIGSTAND_CACHE ?? join(process.env.HOME ?? '/root', '.cache/sigstand'),
  };
  const verb = async (...args: string[]): Promise<string> => {
    const options = { env, timeout: 3_600_000 };
    return printed(`machine ${args.join(' ')}`, await run('test/kind/machine', args, options));
  };
  const exec = (command: readonly string[], options: RunOptions = {}): Promise<Result> =>
    run('test/kind/machine', ['exec', '--', 'env', '-C', checkout, ...command], {
      timeout: 1_800_000,
      ...options,
      env: { ...env, HOME: home, SIGSTAND_OUT: '', ...options.env },
    });
  const must = async (command: readonly string[], options?: RunOptions) =>
    printed(command.join(' '), await exec(command, options));

  await verb('up', ...flags);
  await verb('checkout', checkout);
  const kubeconfig = join(home, '.kube/config');
  await mkdir(join(home, '.kube'), { recursive: true });
  await writeFile(kubeconfig, userKubeconfig);
  return {
    checkout,
    kubeconfig,
    exec,
    must,
    verb,
    down: async () => {
      await verb('down');
      await rm(work, { recursive: true, force: true });
    },
    start: async (args, before = 'true') =>
      ended(await exec(['bash', '-c', `${before}; npm start -- ${args}`])),
    stop: async () => ended(await exec(['npm', 'stop'])),
    cluster: (of = '.sigstand/kubeconfig') => {
      const kubectl = (...args: string[]) => must(['kubectl', '--kubeconfig', of, ...args]);
      return {
        kubectl,
        get: async <T>(...args: string[]): Promise<T> =>
          JSON.parse(await kubectl('get', '-o', 'json', ...args)) as T,
      };
    },
  };
}

export function ended({ status, stdout, stderr }: Result): Ended {
  return { status, said: stdout + stderr };
}

/** The seconds that npm start said of something. */
export function seconds({ said }: Ended, what: string): string {
  return new RegExp(`${what}:? +([\\d.]+) s`).exec(said)?.[1] ?? '?';
}

/** What a clean bring-up of the stack has none of; a cluster's own Pods may have their troubles. */
export async function wasteOfStack(cluster: Pick<Rig, 'get'>) {
  const { failedPods, restarts } = await waste(cluster);
  const own = /^(kube-system|local-path-storage)\//;
  return { failedPods, restarts: restarts.filter((restart) => !own.test(restart)) };
}

function printed(what: string, result: Result): string {
  const { status, said } = ended(result);
  if (status !== 0) throw new Error(`${what} ended with ${status}\n${said}`);
  return result.stdout;
}
