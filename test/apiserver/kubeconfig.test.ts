import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { clusterAccess } from '@sigstand/store/access';
import { ask } from '@sigstand/store/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../cluster/rig.ts';
import { binary } from '../programs/binaries.ts';
import { type Arrival, type Ground, openGround } from '../programs/kubeconfig-ground.ts';

/* Where a Job goes, as whom and by which proxy, under a KUBECONFIG: where the real kubectl goes. */

let ground: Ground;
let folder: string;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground?.close());

interface Case {
  /** Their content, by their names in the folder that is the working directory of both. */
  readonly files: Readonly<Record<string, object | string>>;
  readonly env?: Readonly<Record<string, string>>;
}

const path = ['api', 'v1', 'namespaces', 'ns', 'secrets', 'x'];
const noProxies = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [
    [name, ''],
    [name.toLowerCase(), ''],
  ]),
);

async function kubectlGoes(env: Record<string, string>): Promise<Arrival[]> {
  const args = ['get', '--raw', `/${path.join('/')}`];
  await run('sh', ['-c', 'cd "$0" && exec "$@"', folder, binary('kubectl'), ...args], { env });
  return ground.take();
}

async function jobGoes(env: Record<string, string>): Promise<Arrival[]> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const before = process.cwd();
  process.chdir(folder);
  try {
    await ask(await clusterAccess(env), { method: 'GET', path });
  } catch {
    // It is refused there, or here: what arrived is what counts.
  } finally {
    process.chdir(before);
    vi.unstubAllEnvs();
  }
  return ground.take();
}

/** Where both go; the test fails where they differ. */
async function bothGo({ files, env = {} }: Case): Promise<Arrival[]> {
  folder = await mkdtemp(join(tmpdir(), 'sigstand-kubeconfig-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      await writeFile(join(folder, name), text, { mode: 0o700 });
    }
    const all = { ...noProxies, HOME: folder, KUBECONFIG: 'a', ...env };
    const theirs = await kubectlGoes(all);
    const ours = await jobGoes(all);
    expect(ours).toEqual(theirs);
    return theirs;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

/** A kubeconfig of one context, `c`. */
function config(cluster: object = {}, user: object = { token: 'one' }, more: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { ...trusted(), ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
    ...more,
  };
}

const trusted = () => ({
  server: `https://${ground.secure}`,
  'certificate-authority-data': base64(ground.authority),
});
const untrusted = { 'certificate-authority-data': undefined };
const elsewhere = (host = 'api.test:6443') => ({ server: `https://${host}` });
const other = () => config({}, { token: 'two' });
const plain = {
  ...untrusted,
  get server() {
    return `http://${ground.http}`;
  },
};
const whole = () => ({ cert: base64(ground.client.certificate), key: base64(ground.client.key) });

/** A program that gives a token which says what it was told. */
const program = `#!/bin/sh
exec '${process.execPath}' -e '
  const { apiVersion, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
  const token = [process.argv[1], process.env.MORE, apiVersion, ...Object.keys(spec), ...Object.keys(spec.cluster ?? {})];
  console.log(JSON.stringify({ apiVersion, kind: "ExecCredential", status: { token: token.sort().join(".") } }));
' "$1"
`;
const exec = (command: string, more: object = {}) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'Never',
    ...{ command, args: ['argument'], env: [{ name: 'MORE', value: 'more' }], ...more },
  },
});

/** What both reach; `at` the servers that note it, in turn. */
const reached: Record<string, readonly [at: readonly string[], () => Case]> = {
  'one file': [['https'], () => ({ files: { a: config() } })],
  'a missing file before it': [
    ['https'],
    () => ({ files: { a: config() }, env: { KUBECONFIG: 'b:a' } }),
  ],
  'a missing file behind it': [
    ['https'],
    () => ({ files: { a: config() }, env: { KUBECONFIG: ':a::b:' } }),
  ],
  'the same file twice': [
    ['https'],
    () => ({ files: { a: config() }, env: { KUBECONFIG: 'a:a' } }),
  ],
  'equal names in two files': [
    ['https'],
    () => ({ files: { a: config(), b: other() }, env: { KUBECONFIG: 'b:a' } }),
  ],
  'an empty file among them': [
    ['https'],
    () => ({ files: { a: config(), b: '' }, env: { KUBECONFIG: 'b:a' } }),
  ],
  'a file of comments, and one of two documents': [
    ['https'],
    () => ({
      files: { a: '# nothing', b: `${JSON.stringify(config())}\n---\n${JSON.stringify(other())}` },
      env: { KUBECONFIG: 'a:b' },
    }),
  ],
  'a context in one file and its cluster and user in another': [
    ['https'],
    () => ({
      files: {
        a: {
          'current-context': 'd',
          contexts: [{ name: 'd', context: { cluster: 'c', user: 'v' } }],
        },
        b: { ...other(), users: [{ name: 'v', user: { token: 'three' } }] },
      },
      env: { KUBECONFIG: 'a:b' },
    }),
  ],
  '~/.kube/config where KUBECONFIG is not set': [
    ['https'],
    () => ({ files: { '.kube/config': config() }, env: { KUBECONFIG: '' } }),
  ],
  'broken entries that nothing selects': [
    ['https'],
    () => ({
      files: { a: config(), b: { clusters: [{ name: 'x' }], users: [{ name: 'y' }] } },
      env: { KUBECONFIG: 'a:b' },
    }),
  ],
  'an http:// server, which nobody shows a token': [
    ['http'],
    () => ({ files: { a: config(plain) } }),
  ],
  'a server without a scheme': [
    ['http'],
    () => ({ files: { a: config({ ...untrusted, server: ground.http }) } }),
  ],
  'a server below a path': [
    ['https'],
    () => ({ files: { a: config({ server: `https://${ground.secure}/k8s/clusters/c-1/` }) } }),
  ],
  'paths beside the file': [
    ['https'],
    () => ({
      files: {
        'd/a': config(
          { ...untrusted, 'certificate-authority': 'ca' },
          { 'client-certificate': '../cert', 'client-key': 'k', tokenFile: 't' },
        ),
        'd/ca': ground.authority,
        cert: ground.client.certificate.toString(),
        'd/k': ground.client.key.toString(),
        'd/t': 'from-a-file\n',
      },
      env: { KUBECONFIG: 'd/a' },
    }),
  ],
  'a client certificate': [
    ['https'],
    () => ({
      files: {
        a: config({}, { 'client-certificate-data': whole().cert, 'client-key-data': whole().key }),
      },
    }),
  ],
  'a user and password': [
    ['https'],
    () => ({ files: { a: config({}, { username: 'me', password: 'p:w' }) } }),
  ],
  'a token and a file with a newer one': [
    ['https'],
    () => ({ files: { a: config({}, { token: 'old', tokenFile: 't' }), t: 'new' } }),
  ],
  'somebody to act as': [
    ['https'],
    () => ({
      files: {
        a: config(
          {},
          {
            token: 'one',
            as: 'them',
            'as-uid': '7',
            'as-groups': ['g1'],
            'as-user-extra': { 'x.io/a': ['v'] },
          },
        ),
      },
    }),
  ],
  'another name in the certificate': [
    ['https'],
    () => ({ files: { a: config({ 'tls-server-name': 'api.test' }) } }),
  ],
  'insecure-skip-tls-verify': [
    ['https'],
    () => ({ files: { a: config({ ...untrusted, 'insecure-skip-tls-verify': true }) } }),
  ],
  'a program beside the file': [
    ['https'],
    () => ({
      files: { 'd/a': config({}, exec('./p')), 'd/p': program },
      env: { KUBECONFIG: 'd/a' },
    }),
  ],
  'a program that wants to know the cluster': [
    ['https'],
    () => ({ files: { a: config({}, exec('./p', { provideClusterInfo: true })), p: program } }),
  ],
  'a proxy of the kubeconfig': [
    ['proxy', 'https'],
    () => ({
      files: { a: config({ ...elsewhere(), 'proxy-url': `http://me:pw@${ground.proxy}` }) },
      env: { NO_PROXY: '*' },
    }),
  ],
  'a SOCKS proxy of the kubeconfig': [
    ['socks', 'https'],
    () => ({ files: { a: config({ ...elsewhere(), 'proxy-url': `socks5://${ground.socks}` }) } }),
  ],
  'the proxy of HTTPS_PROXY': [
    ['proxy', 'https'],
    () => ({ files: { a: config(elsewhere()) }, env: { HTTPS_PROXY: `http://${ground.proxy}` } }),
  ],
  'the proxy of https_proxy, without a scheme': [
    ['proxy', 'https'],
    () => ({ files: { a: config(elsewhere()) }, env: { https_proxy: ground.proxy ?? '' } }),
  ],
  'the SOCKS proxy of HTTPS_PROXY': [
    ['socks', 'https'],
    () => ({ files: { a: config(elsewhere()) }, env: { HTTPS_PROXY: `socks5://${ground.socks}` } }),
  ],
  'an address of IPv6 by a proxy': [
    ['proxy', 'https'],
    () => ({
      files: { a: config({ ...elsewhere('[fd00::1]:6443'), 'tls-server-name': 'api.test' }) },
      env: { HTTPS_PROXY: `http://${ground.proxy}` },
    }),
  ],
  'an http:// server by the proxy of HTTP_PROXY': [
    ['proxy'],
    () => ({
      files: { a: config({ ...untrusted, server: 'http://api.test:8080' }) },
      env: { HTTP_PROXY: `http://me:pw@${ground.proxy}` },
    }),
  ],
  'this machine itself, whatever HTTPS_PROXY says': [
    ['https'],
    () => ({ files: { a: config() }, env: { HTTPS_PROXY: `http://${ground.proxy}` } }),
  ],
};

/** What neither reaches anything with. */
const refused: Record<string, () => Case> = {
  'a server of TLS without a scheme': () => ({ files: { a: config({ server: ground.secure }) } }),
  'no file that is there': () => ({ files: {} }),
  'no current context': () => ({ files: { a: config({}, {}, { 'current-context': '' }) } }),
  'a current context that is not there': () => ({
    files: { a: config({}, {}, { 'current-context': 'x' }) },
  }),
  'a cluster that is not there': () => ({ files: { a: config({}, {}, { clusters: [] }) } }),
  'a user that is not there': () => ({ files: { a: config({}, {}, { users: [] }) } }),
  'two clusters of one name': () => ({
    files: {
      a: config({}, {}, { clusters: [1, 2].map(() => ({ name: 'c', cluster: trusted() })) }),
    },
  }),
  'a file that is no YAML': () => ({
    files: { a: config(), b: 'a: [' },
    env: { KUBECONFIG: 'a:b' },
  }),
  'a list for a file': () => ({ files: { a: '[]' } }),
  'a folder for a file': () => ({ files: { 'a/b': '' } }),
  'a cluster without a server': () => ({ files: { a: config({ server: '' }) } }),
  'two authorities': () => ({
    files: { a: config({ 'certificate-authority': 'ca' }), ca: ground.authority },
  }),
  'an authority that is not there': () => ({
    files: { a: config({ ...untrusted, 'certificate-authority': 'ca' }) },
  }),
  'an authority and insecure-skip-tls-verify': () => ({
    files: { a: config({ 'insecure-skip-tls-verify': true }) },
  }),
  'a certificate without a key': () => ({
    files: { a: config({}, { 'client-certificate-data': whole().cert }) },
  }),
  'a token and a password': () => ({
    files: { a: config({}, { token: 'a', username: 'b', password: 'c' }) },
  }),
  'a token file that is not there': () => ({ files: { a: config({}, { tokenFile: 't' }) } }),
  'a proxy of another kind': () => ({ files: { a: config({ 'proxy-url': 'ftp://proxy' }) } }),
  'a program that is not there': () => ({ files: { a: config({}, exec('./gone')) } }),
  'a program that fails': () => ({
    files: { a: config({}, exec('./p')), p: '#!/bin/sh\nexit 1\n' },
  }),
  'a server that another authority signed': () => ({
    files: { a: config({ 'certificate-authority-data': whole().cert }) },
  }),
  'a server of another name': () => ({ files: { a: config({ 'tls-server-name': 'other.test' }) } }),
  'a name that NO_PROXY keeps from the proxy': () => ({
    files: { a: config(elsewhere('api.invalid')) },
    env: { HTTPS_PROXY: `http://${ground.proxy}`, NO_PROXY: 'invalid' },
  }),
};

describe('a Job under a KUBECONFIG', () => {
  it.each(Object.entries(reached))('goes where kubectl goes by %s', async (_which, [at, one]) => {
    const arrivals = await bothGo(one());
    expect(arrivals.map((arrival) => arrival.at)).toEqual(at);
  });

  it.each(Object.entries(refused))('goes nowhere, as kubectl, with %s', async (_which, one) => {
    expect(await bothGo(one())).toEqual([]);
  });
});
