import { type ExecFileException, execFile } from 'node:child_process';
import { join } from 'node:path';
import { type Ref, type Snapshot, type Store, StoreError, show } from '@sigstand/store/store';

/** Which cluster kubectl is to speak to; with neither, the one that the scripts' `k` speaks to. */
export interface Access {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/**
 * The records of a cluster, read by kubectl: with whatever login the caller's kubectl has, and on the
 * rig through its network. Nothing can be written.
 */
export function kubectlStore(access: Access): Store {
  const refuse = async (ref: Ref): Promise<never> => {
    throw new StoreError('REFUSED', `${show(ref)} is only read here`);
  };
  return {
    async read(ref) {
      const { kind, namespace, name } = ref;
      const text = await kubectl(access, ref, [
        ...['get', kind.toLowerCase(), name, '-n', namespace, '-o', 'json'],
        ...['--ignore-not-found', '--request-timeout=30s'],
      ]);
      return text.trim() === '' ? undefined : snapshot(ref, text);
    },
    write: refuse,
    warn: refuse,
  };
}

const scripts = join(import.meta.dirname, '..');

function kubectl(
  { kubeconfig, context }: Access,
  ref: Ref,
  args: readonly string[],
): Promise<string> {
  const chosen = [
    ...(kubeconfig ? [`--kubeconfig=${kubeconfig}`] : []),
    ...(context ? [`--context=${context}`] : []),
  ];
  const speak = chosen.length > 0 ? 'kubectl' : 'k';
  const script = `source "$0"; ${speak} "$@"`;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    'bash',
    ['-c', script, join(scripts, 'lib.sh'), ...chosen, ...args],
    { maxBuffer: 64 << 20, timeout: 60_000 },
    (error, stdout, stderr) => {
      if (error) reject(failure(ref, error, stderr));
      else resolve(stdout);
    },
  );
  // A login that wants to ask finds nobody.
  child.stdin?.end();
  return promise;
}

function failure(ref: Ref, { code }: ExecFileException, stderr: string): StoreError {
  const said = stderr.trim().split('\n').at(-1) || `it ended with ${code ?? 'a signal'}`;
  const message = `kubectl does not read: ${said}`;
  if (code === 127) {
    return new StoreError('UNAVAILABLE', 'kubectl is not installed', { hint: 'install it' });
  }
  if (/\(Forbidden\)/.test(said)) {
    const hint = `ask for the right to get ${show(ref)}; it holds no private key`;
    return new StoreError('FORBIDDEN', message, { hint });
  }
  if (/\(Unauthorized\)|must be logged in/.test(said)) {
    return new StoreError('UNAUTHENTICATED', message, { hint: 'log in to the cluster' });
  }
  const hint = 'check which cluster it is, and that it runs: --kubeconfig, --context';
  return new StoreError('UNAVAILABLE', message, { hint });
}

function snapshot(ref: Ref, text: string): Snapshot {
  const { data = {}, metadata } = parsed(ref, text);
  const bytes = (value: unknown) =>
    new Uint8Array(Buffer.from(String(value), ref.kind === 'Secret' ? 'base64' : 'utf8'));
  return {
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, bytes(value)])),
    annotations: metadata?.annotations ?? {},
    immutable: false,
    version: metadata?.resourceVersion ?? '',
  };
}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

function parsed(ref: Ref, text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch (error) {
    // The parser's message quotes what it read.
    throw new StoreError('UNEXPECTED', `kubectl's answer for ${show(ref)} is not JSON`, {
      cause: error,
    });
  }
}
