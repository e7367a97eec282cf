import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiProxy } from './api-proxy.ts';
import type { JobOptions } from './process.ts';

/** Whom a Job asks, and as whom: a token, or the path of a file that holds one and is written anew. */
interface Identity {
  readonly api: Pick<ApiProxy, 'url' | 'authority'>;
  readonly token: string;
  readonly tokenFile?: string | undefined;
}

/** What a process needs to be that; `remove` deletes the files. */
interface Shown {
  readonly options: Pick<JobOptions, 'kubeconfig' | 'pod'>;
  remove(): Promise<void>;
}

/** As the user of a kubeconfig. */
export async function byKubeconfig({ api, token, tokenFile }: Identity): Promise<Shown> {
  const dir = await mkdtemp(join(tmpdir(), 'sigstand-kubeconfig-'));
  const path = join(dir, 'kubeconfig');
  const ca = Buffer.from(api.authority).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: api.url, 'certificate-authority-data': ca } }],
    users: [{ name: 'u', user: tokenFile ? { tokenFile } : { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  const remove = () => rm(dir, { recursive: true, force: true });
  return { options: { kubeconfig: path }, remove };
}

/** As a Pod's service account. */
export async function asPod({ api, token, tokenFile }: Identity): Promise<Shown> {
  const folder = await mkdtemp(join(tmpdir(), 'sigstand-account-'));
  await writeFile(join(folder, 'ca.crt'), api.authority);
  if (tokenFile) await symlink(tokenFile, join(folder, 'token'));
  else await writeFile(join(folder, 'token'), token);
  // The Job may run as another user.
  await chmod(folder, 0o755);
  const remove = () => rm(folder, { recursive: true, force: true });
  return { options: { pod: { url: api.url, folder } }, remove };
}
