import {
  ctlogPublicKey,
  fulcioPublicKey,
  mysqlCredentials,
  rekorPublicKey,
  tsaCertChain,
  tufRepository,
} from '@sigstand/contracts/records';
import { ctlogPrefix, services } from '@sigstand/contracts/services';
import { readConfig } from '@sigstand/createctconfig/ct-config';
import { runJob } from '@sigstand/job/testing';
import { parseCertificates } from '@sigstand/pki/chain';
import { fingerprint, parsePublicKey, publicKeyOf } from '@sigstand/pki/keys';
import { openPrivateKey } from '@sigstand/pki/open';
import { memoryStore } from '@sigstand/store/memory';
import type { Ref } from '@sigstand/store/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { argsInPod, jobs, oncePods } from './jobs.ts';
import { ofKind, pods } from './stack.ts';

/* What each server finds at the paths and in the environment that its manifest gives it, made by the Jobs. */

const store = memoryStore();
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

beforeAll(async () => {
  const ended = await Promise.all(
    oncePods.map((pod) => {
      const args = [...argsInPod(pod), '--timeout=40s'];
      return runJob(jobs[pod.job]!(), store, { args, env: pod.env });
    }),
  );
  expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
}, 60_000);

interface Source {
  readonly name?: string;
  readonly secretName?: string;
  readonly items?: readonly { key: string; path: string }[];
}

/** What the kubelet would mount of a Secret or ConfigMap: bytes by file name. */
async function filesOf(ref: Ref, { items }: Source): Promise<[string, Uint8Array][]> {
  const shipped = ofKind(ref.kind).find(
    ({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace,
  );
  const ours = Object.entries((shipped?.data ?? {}) as Record<string, string>);
  const data: Record<string, Uint8Array> = {
    ...Object.fromEntries(ours.map(([key, value]) => [key, new Uint8Array(Buffer.from(value))])),
    ...(await store.read(ref))?.data,
  };
  const wanted = items ?? Object.keys(data).map((key) => ({ key, path: key }));
  return wanted.map(({ key, path }) => [path, data[key] ?? new Uint8Array()]);
}

/** A server of the stack as it starts: its arguments, its environment, its files by path. */
async function server(name: string) {
  const { owner, spec } = pods.find(({ owner }) => owner.metadata.name === name)!;
  const namespace = owner.metadata.namespace ?? '';
  const { args, env = [], volumeMounts } = spec.containers[0];
  const files = new Map<string, Uint8Array>();
  for (const mount of volumeMounts) {
    const volume = spec.volumes.find((one: { name: string }) => one.name === mount.name);
    const source: Source | undefined = volume.secret ?? volume.configMap;
    if (source === undefined) continue;
    const kind = volume.secret ? 'Secret' : 'ConfigMap';
    const ref = { kind, namespace, name: source.secretName ?? source.name ?? '' } as const;
    for (const [path, bytes] of await filesOf(ref, source)) {
      files.set(`${mount.mountPath}/${path}`, bytes);
    }
  }
  const environment = new Map<string, string>();
  for (const { name: variable, value, valueFrom } of env) {
    environment.set(
      variable,
      value?.replaceAll(/\$\((\w+)\)/g, (_: string, one: string) => environment.get(one)) ??
        (await from(namespace, valueFrom)),
    );
  }
  const flag = (flagName: string) =>
    (args as string[]).find((arg) => arg.startsWith(`${flagName}=`))?.slice(flagName.length + 1) ??
    '';
  const file = (flagName: string) => files.get(flag(flagName)) ?? new Uint8Array();
  return { args: args as string[], files, environment, flag, file };
}

type FromKey = Readonly<Record<string, { name: string; key: string }>>;

async function from(
  namespace: string,
  { secretKeyRef, configMapKeyRef }: FromKey,
): Promise<string> {
  const { name, key } = (secretKeyRef ?? configMapKeyRef)!;
  const kind = secretKeyRef ? 'Secret' : 'ConfigMap';
  return text((await store.read({ kind, namespace, name }))?.data[key]);
}

const certified = (bytes: Uint8Array | undefined) =>
  fingerprint(parseCertificates(bytes ?? new Uint8Array())[0]!.publicKey);

describe('a server opens the key that it is given with the password that it is given:', () => {
  it.each([
    ['rekor', '--rekor_server.signer', 'REKOR_SERVER.SIGNER-PASSWD', rekorPublicKey],
    ['fulcio', '--fileca-key', 'FULCIO_SERVE_FILECA-KEY-PASSWD', fulcioPublicKey],
    ['tsa', '--file-signer-key-path', 'FILE-SIGNER-PASSWD', tsaCertChain],
  ] as const)('%s', async (name, flag, variable, published) => {
    const { file, environment } = await server(name);
    const password = new Uint8Array(Buffer.from(environment.get(variable) ?? ''));
    const key = fingerprint(publicKeyOf(openPrivateKey(file(flag), password)));
    const { data = {} } = (await store.read(published)) ?? {};
    expect(key).toBe(
      data.public ? fingerprint(parsePublicKey(data.public)) : certified(data['cert-chain']),
    );
  });

  it('ctlog, by a configuration that names files which are there', async () => {
    const { files, file } = await server('ctlog');
    const { privateKeyPath, rootsPaths, password, publicKey } = readConfig(file('--log_config'));
    const key = openPrivateKey(files.get(privateKeyPath) ?? new Uint8Array(), password);
    const { data = {} } = (await store.read(ctlogPublicKey)) ?? {};
    const published = fingerprint(parsePublicKey(data.public!));
    expect([publicKeyOf(key), publicKey!].map(fingerprint)).toEqual([published, published]);
    expect(rootsPaths.map((path) => certified(files.get(path)))).toEqual([
      certified((await store.read(fulcioPublicKey))?.data.cert),
    ]);
  });
});

describe('a server finds', () => {
  it.each([
    ['fulcio', '--fileca-cert', fulcioPublicKey, 'cert'],
    ['tsa', '--certificate-chain-path', tsaCertChain, 'cert-chain'],
  ] as const)('the certificates of its key: %s', async (name, flag, record, key) => {
    const { file } = await server(name);
    expect(text(file(flag))).toBe(text((await store.read(record))?.data[key]));
  });

  it.each(['rekor', 'fulcio', 'tsa', 'ctlog'])(
    'a file wherever it is told one: %s',
    async (name) => {
      const { args, files } = await server(name);
      const folders = [...new Set([...files.keys()].map((path) => path.replace(/[^/]+$/, '')))];
      const named = args
        .map((arg) => arg.replace(/^--[^=]+=/, ''))
        .filter((value) => folders.some((folder) => value.startsWith(folder)));
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter((path) => !files.get(path)?.length)).toEqual([]);
    },
  );

  it('the database by the credentials that were made: rekor', async () => {
    const { environment } = await server('rekor');
    const { data = {} } = (await store.read(mysqlCredentials)) ?? {};
    const [user, password, database] = ['user', 'password', 'database'].map((key) =>
      text(data[key]),
    );
    expect(environment.get('SEARCH_INDEX.MYSQL.DSN')).toBe(
      `${user}:${password}@tcp(mysql-trillian.trillian-system.svc:3306)/${database}`,
    );
  });

  it('its tree: rekor', async () => {
    const { args } = await server('rekor');
    expect(args).toContain('--trillian_log_server.tlog_id=$(TREE_ID)');
    const { environment } = await server('rekor');
    expect(environment.get('TREE_ID')).toMatch(/^\d{19}$/);
  });

  it('the CT log below the prefix that it is served at: fulcio', async () => {
    const { flag } = await server('fulcio');
    expect(flag('--ct-log-url')).toBe(`${services.ctlog}/${ctlogPrefix}`);
  });
});

it('Rekor refuses a body that its memory does not bear', async () => {
  const { flag, environment } = await server('rekor');
  const most = Number(flag('--max_request_body_size'));
  const { limits } = pods.find(({ owner }) => owner.metadata.name === 'rekor')!.spec.containers[0]
    .resources;
  const frees = Number(/^(\d+)MiB$/.exec(environment.get('GOMEMLIMIT') ?? '')?.[1]) * 2 ** 20;
  const memory = Number(/^(\d+)Gi$/.exec(limits.memory)?.[1]) * 2 ** 30;
  // The worst that was measured: 1475 MiB for 31 MiB, see manifests/README.md.
  expect(most).toBeGreaterThan(20 * 2 ** 20);
  expect(most * 48).toBeLessThanOrEqual(frees);
  expect(frees).toBeLessThan(memory);
});

it('the timestamp server asks nobody for the time', async () => {
  expect((await server('tsa')).args).toContain('--disable-ntp-monitoring');
});

describe('the TUF server', () => {
  const { data } = ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'tuf-server')!;
  const config: string = data['nginx.conf'];
  const map = /map \$status:\$file \$cache_control \{(.*?)\n +\}\n/s.exec(config)?.[1] ?? '';
  const rules = [...map.matchAll(/"~([^"]+)" "([^"]+)";/g)].map(([, pattern = '', value = '']) => ({
    pattern: new RegExp(pattern),
    value,
  }));
  /** What nginx's map says of an answer: the first expression that fits, else the default. */
  const kept = (answer: string) =>
    rules.find(({ pattern }) => pattern.test(answer))?.value ?? /default ([^;]+);/.exec(map)?.[1];

  it.each(['200:timestamp.json', '200:root.json', '404:2.root.json', '500:1.targets.json', '200:'])(
    'lets nobody keep %s',
    (answer) => expect(kept(answer)).toBe('no-cache'),
  );

  it.each(['200:1.root.json', '304:12.targets.json', `206:${'0a'.repeat(32)}.rekor.pub`])(
    'lets everybody keep %s',
    (answer) => expect(kept(answer)).toBe('public, max-age=86400, immutable'),
  );

  const directives = (name: string) =>
    [...config.matchAll(new RegExp(`^ *${name} (.*);$`, 'gm'))].map(([, value]) => value);

  it('tells web pages of every answer that they may read it, also that there is no newer root', () => {
    // Where a location adds a header of its own, nginx leaves out those of the server.
    expect(directives('add_header')).toEqual([
      'Access-Control-Allow-Origin * always',
      'Cache-Control $cache_control always',
      'X-Content-Type-Options nosniff always',
      'Content-Security-Policy $policy always',
    ]);
  });

  it('listens at both kinds of address', () => {
    const { ports } = pods.find(({ owner }) => owner.metadata.name === 'tuf')!.spec.containers[0];
    const [{ containerPort }] = ports;
    expect(directives('listen')).toEqual([`${containerPort}`, `[::]:${containerPort}`]);
  });

  it('finds a file by the names that clients ask for, and no other', () => {
    const [, pattern = ''] = /location ~ "(.*)" \{/.exec(config) ?? [];
    const fileOf = (path: string) => new RegExp(pattern).exec(path)?.groups?.file;
    expect(fileOf('/1.root.json')).toBe('1.root.json');
    expect(fileOf(`/targets/${'0a'.repeat(32)}.rekor.pub`)).toBe(`${'0a'.repeat(32)}.rekor.pub`);
    const others = ['/..data', '/targets/..data/1.root.json', '/a/1.root.json', '/targets/', '/'];
    expect(others.filter((path) => fileOf(path) !== undefined)).toEqual([]);
    expect(directives('try_files')).toEqual([
      '/timestamp.json =503',
      '/$file =404',
      '/index.html =404',
    ]);
  });

  it('serves what createtuf publishes, and nothing else of its Pod', () => {
    const { containers, volumes } = pods.find(({ owner }) => owner.metadata.name === 'tuf')!.spec;
    const [folder] = directives('root');
    const mount = containers[0].volumeMounts.find(
      ({ mountPath }: { mountPath: string }) => mountPath === folder,
    );
    const source = volumes.find(({ name }: { name: string }) => name === mount?.name);
    expect(source?.configMap).toEqual({ name: tufRepository.name });
    expect(directives('autoindex')).toEqual([]);
  });

  it('lets go of who takes long to ask, or to read', () => {
    const limits = ['client_header_timeout', 'client_body_timeout', 'send_timeout'];
    const seconds = limits.flatMap((name) => directives(name).map((value) => value));
    expect(seconds).toHaveLength(3);
    for (const one of seconds) expect(Number(/^(\d+)s$/.exec(one ?? '')?.[1])).toBeLessThan(30);
  });
});
