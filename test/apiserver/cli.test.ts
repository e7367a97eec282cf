import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationV1Api, CoreV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { stack, trustIn, workplace } from '../exporting.ts';
import { type Packed, packed } from '../packed.ts';
import { asUser } from '../programs/identity.ts';
import { kubeconfigAt } from '../programs/kubeconfig.ts';
import { accountToken } from './account.ts';

/* The CLI as its users run it, from the packed file, against a real kube-apiserver. */

const kubeconfig = inject('kubeconfig');
const config = kubeconfigAt(kubeconfig);
const account = { namespace: 'default', name: 'signer' };
let cli: Packed;
let work = '';

beforeAll(async () => {
  [cli, work] = await Promise.all([packed(), mkdtemp(join(tmpdir(), 'sigstand-cli-'))]);
  await accountToken(config, account);
});
afterAll(async () => {
  await cli.remove();
  await rm(work, { recursive: true });
});

const token = (...args: string[]) =>
  cli.npx(['token', `--service-account=${account.name}`, `--kubeconfig=${kubeconfig}`, ...args]);

const reviewed = async (text: string, audience: string) => {
  const spec = { token: text, audiences: [audience] };
  const { status } = await config
    .makeApiClient(AuthenticationV1Api)
    .createTokenReview({ body: { spec } });
  return { known: status?.authenticated ?? false, user: status?.user?.username };
};

describe('npx sigstand-X.tgz token, in an empty folder', () => {
  it('runs on Node 20 or newer', () => {
    expect(Number(/^v(\d+)/.exec(cli.node)?.[1])).toBeGreaterThanOrEqual(20);
  });

  it('prints a token that the API server knows, for that audience alone', async () => {
    const { status, stdout, stderr } = await token();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const user = 'system:serviceaccount:default:signer';
    expect(await reviewed(stdout.trim(), 'sigstore')).toEqual({ known: true, user });
    expect(await reviewed(stdout.trim(), 'other')).toMatchObject({ known: false });
  });

  it('refuses an account that is not there', async () => {
    expect(await token('--service-account=missing')).toEqual({
      status: 65,
      stdout: '',
      stderr:
        'sigstand token: error: there is no service account missing in default; ' +
        'kubectl get serviceaccounts -n default lists those that are there\n',
    });
  });

  it('names the rule that the caller lacks', async () => {
    const path = join(work, 'poor');
    const login = { token: await accountToken(config, { namespace: 'default', name: 'poor' }) };
    await writeFile(path, asUser(config, login).exportConfig());
    const { status, stdout, stderr } = await token(`--kubeconfig=${path}`);
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toContain(
      'bound to system:serviceaccount:default:poor: apiGroups [""], verbs [create], ' +
        'resources [serviceaccounts/token], resourceNames [signer]',
    );
    expect(stderr).not.toContain(login.token);
  });
});

describe('npx sigstand-X.tgz status, on a cluster without a stack', () => {
  it('says that there is none', async () => {
    // Other files apply the manifests to this API server at the same time.
    const nobodys = '--namespace-prefix=nobodys-';
    const { status, stdout, stderr } = await cli.npx([
      ...['status', `--kubeconfig=${kubeconfig}`, nobodys],
    ]);
    expect(status).toBe(69);
    expect(stdout).toMatch(/^FAIL +tuf-mirror .* there is no Service nobodys-tuf-system\/tuf$/m);
    expect(stderr).toBe(
      'sigstand status: error: 1 of 2 checks fail: tuf-mirror; the table says what to do\n',
    );
  });

  it('names the rule that a caller lacks', async () => {
    const path = join(work, 'poor');
    const { status, stdout } = await cli.npx(['status', `--kubeconfig=${path}`]);
    expect(status).toBe(77);
    expect(stdout).toContain('verbs [get], resources [services], resourceNames [tuf]');
  });
});

describe('npx sigstand-X.tgz export, in an empty folder', () => {
  it('writes the same files as here', async () => {
    const namespace = 'exported-by-cli';
    const store = await stack();
    const data = Object.entries(await trustIn(store));
    const core = config.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    const base64 = ([key, bytes]: [string, Uint8Array]) => [
      key,
      Buffer.from(bytes).toString('base64'),
    ];
    const body = { metadata: { name: 'tuf-root' }, data: Object.fromEntries(data.map(base64)) };
    await core.createNamespacedSecret({ namespace, body });
    const [cluster, mirror] = [`--kubeconfig=${kubeconfig}`, '--mirror=https://tuf.example.com'];
    const { status, stdout, stderr } = await cli.npx([
      ...['export', cluster, `--namespace=${namespace}`, mirror],
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^1\.root\.json has the sha256 [0-9a-f]{64}\n\S+\/trust has \d+ files/);
    const place = await workplace();
    await place.exported(store, mirror);
    const trust = join(cli.folder, 'trust');
    expect(await readdir(trust)).toEqual(await readdir(place.folder));
    for (const name of await readdir(trust)) {
      // It names the Secret.
      if (name === 'README.md') continue;
      const [theirs, ours] = [trust, place.folder].map((folder) => readFile(join(folder, name)));
      expect([name, await theirs]).toEqual([name, await ours]);
    }
    await place.remove();
  });

  it('says which API server does not answer', async () => {
    const away = join(work, 'away');
    const text = await readFile(kubeconfig, 'utf8');
    const config = text.replace(/https:\/\/[^\s"]+/, 'https://127.0.0.1:1');
    expect(config).not.toBe(text);
    await writeFile(away, config);
    const { status, stderr } = await cli.npx(['export', `--kubeconfig=${away}`]);
    expect(status).toBe(75);
    expect(stderr).toContain('see that https://127.0.0.1:1 is that cluster');
  });
});
