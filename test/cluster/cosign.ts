import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from '../programs/binaries.ts';
import type { Result, Rig } from './rig.ts';

export const issuer = 'https://kubernetes.default.svc';

/** The identity that Fulcio certifies for a service account. */
export function identityOf(serviceAccount: string): string {
  return `https://kubernetes.io/namespaces/default/serviceaccounts/${serviceAccount}`;
}

/** One cosign of one major version, with a home of its own: what it trusts, it was told here. */
export interface Cosign {
  readonly home: string;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Result>;
  /** @throws {Error} Where cosign refuses. */
  must(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

export async function cosign(cluster: Rig, version: 'cosign2' | 'cosign3'): Promise<Cosign> {
  const home = await mkdtemp(join(tmpdir(), `sigstand-${version}-`));
  // By env(1): the rig itself finds its programs under the caller's HOME.
  const own = ['env', `HOME=${home}`, `TUF_ROOT=${join(home, 'tuf')}`];
  const run: Cosign['run'] = (args, env = {}) =>
    cluster.exec([...own, binary(version), ...args], { env, timeout: 60_000 });
  return {
    home,
    run,
    async must(args, env) {
      const { status, stdout, stderr } = await run(args, env);
      if (status !== 0) throw new Error(`${version} ${args.join(' ')}\n${stdout}${stderr}`);
      return stdout + stderr;
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

/** A token by which a service account of the namespace `default` signs, for a long run; it goes by env, never by flag. */
export async function tokenOf(
  cluster: Rig,
  serviceAccount: string,
): Promise<{ SIGSTORE_ID_TOKEN: string }> {
  const args = ['create', 'token', serviceAccount, '-n', 'default', '--audience', 'sigstore'];
  const token = await cluster.kubectl(...args, '--duration', '12h');
  return { SIGSTORE_ID_TOKEN: token.trim() };
}
