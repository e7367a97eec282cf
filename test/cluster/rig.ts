import { type ExecFileException, execFile } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** What a command printed, and how it ended. */
export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Milliseconds; a cluster test that hangs must end. */
  readonly timeout?: number;
}

/** Runs a command from the repository's root; resolves however it ends. */
export function run(
  command: string,
  args: readonly string[],
  { env = {}, input, timeout = 600_000 }: RunOptions = {},
): Promise<Result> {
  return new Promise((resolve) => {
    const options = {
      cwd: root,
      env: { ...process.env, ...env },
      maxBuffer: 64 << 20,
      timeout,
    };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ status: statusOf(error), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

function statusOf(error: ExecFileException | null): number {
  if (error === null) return 0;
  return typeof error.code === 'number' ? error.code : 255;
}

/** An instance of the rig by its name. */
export function rig(instance: string) {
  const env = { RIG: instance };
  const verb = (args: readonly string[], options: RunOptions = {}) =>
    run('test/rig/rig', args, { ...options, env: { ...env, ...options.env } });

  /** @throws {Error} With all that it printed, where it ends with another status than 0. */
  const must = async (args: readonly string[], options?: RunOptions): Promise<string> => {
    const { status, stdout, stderr } = await verb(args, options);
    if (status !== 0)
      throw new Error(`rig ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
    return stdout;
  };

  return {
    env,
    must,
    /** kubectl as admin; resolves to what it prints. */
    kubectl: (...args: string[]) => must(['kubectl', ...args]),
    /** kubectl's answer as the object that it is. */
    get: async <T>(...args: string[]): Promise<T> =>
      JSON.parse(await must(['kubectl', 'get', '-o', 'json', ...args])) as T,
    apply: (yaml: string) => must(['kubectl', 'apply', '-f', '-'], { input: yaml }),
    /** A command with the cluster's network and names. */
    exec: (command: readonly string[], options?: RunOptions) =>
      verb(['exec', '--', ...command], options),
    mustExec: (command: readonly string[], options?: RunOptions) =>
      must(['exec', '--', ...command], options),
  };
}

export type Rig = ReturnType<typeof rig>;

export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
    readonly initContainerStatuses?: readonly { readonly restartCount: number }[];
  };
}

export interface Event {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly namespace: string; readonly name: string };
}

/** Whether a container was not created for a Secret or ConfigMap, or a key in it, that was not there. */
export function isConfigError({ reason, message }: { reason?: string; message?: string }): boolean {
  return (
    reason === 'Failed' &&
    /(secret|configmap) "[^"]+" not found|couldn't find key/i.test(message ?? '')
  );
}

/** What a clean bring-up has none of: failed Pods, restarted containers, Pods that met a missing key. */
export async function waste(cluster: Pick<Rig, 'get'>) {
  const pods = (await cluster.get<{ items: Pod[] }>('pods', '-A')).items;
  const events = (await cluster.get<{ items: Event[] }>('events', '-A')).items;
  const restarts = pods.flatMap(({ metadata, status }) =>
    [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
      .filter(({ restartCount }) => restartCount > 0)
      .map(({ restartCount }) => `${metadata.namespace}/${metadata.name}: ${restartCount}`),
  );
  return {
    failedPods: pods
      .filter(({ status }) => status.phase === 'Failed')
      .map(({ metadata }) => metadata.name),
    restarts,
    configErrors: events
      .filter(isConfigError)
      .map(({ involvedObject, message }) => `${involvedObject.name}: ${message}`),
  };
}
