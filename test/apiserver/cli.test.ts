import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Packed, packed } from '../packed.ts';
import { asUser } from '../programs/identity.ts';
import { accountToken } from './account.ts';

/* The CLI as its users run it, from the packed file, against a real kube-apiserver. */

const kubeconfig = inject('kubeconfig');
const config = new KubeConfig();
config.loadFromFile(kubeconfig);
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
