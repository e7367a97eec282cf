import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent as PlainAgent } from 'node:http';
import { Agent, type RequestOptions } from 'node:https';
import { delimiter } from 'node:path';
// Not the package's own door: behind it is a class for every kind of object that Kubernetes knows.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Access } from './api.ts';
import { informed } from './exec-info.ts';
import { homeKubeconfig } from './home.ts';
import {
  KubeconfigError,
  type KubeconfigFile,
  type RawUser,
  type Selected,
  selectedBy,
} from './kubeconfig-file.ts';
import { type ProxyEnvironment, proxyFor } from './proxy.ts';

/**
 * The API server that the kubeconfig selects, as its user: the files of KUBECONFIG, else
 * ~/.kube/config. Undefined where they select none, as kubectl would look for a Pod's account then.
 *
 * @throws {KubeconfigError}
 */
export function kubeconfigAccess(env: ProxyEnvironment, context?: string): Access | undefined {
  const selected = selectedBy(filesOf(env.KUBECONFIG), context);
  return selected && accessOf(selected, env);
}

function filesOf(list: string | undefined): KubeconfigFile[] {
  if (!list) {
    const own = homeKubeconfig();
    return own === undefined ? [] : fileAt(own, '~/.kube/config');
  }
  const paths = [...new Set(list.split(delimiter).filter(Boolean))];
  return paths.flatMap((path, index) => fileAt(path, `file ${index + 1} of KUBECONFIG`));
}

/** The file, or nothing where it is not there, which is no error of a list. */
function fileAt(path: string, title: string): KubeconfigFile[] {
  try {
    return [{ path, title, text: readFileSync(path, 'utf8') }];
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new KubeconfigError(`${title} cannot be read: ${code}`, { cause: error });
  }
}

/** The API server that a kubeconfig selects, with every way to log in that the library knows. */
export function accessOf({ cluster, user }: Selected, env: ProxyEnvironment = {}): Access {
  const url = new URL(cluster.server);
  const proxy = cluster['proxy-url'] || proxyFor(url, env);
  const load = () => libraryConfig({ cluster, user }, proxy);
  let identity = load();
  const agent = proxy?.startsWith('socks') ? undefined : agentBy(url, proxy);
  return {
    server: cluster.server,
    async options() {
      const options: RequestOptions = {};
      try {
        await identity.applyToHTTPSOptions(options);
        if (url.protocol === 'http:')
          return { ...withoutTls(options, user), ...(agent && { agent }) };
        const token = user.tokenFile && (await readFile(user.tokenFile, 'utf8')).trim();
        const headers = { ...options.headers, ...impersonation(user) };
        return {
          ...options,
          headers: { ...headers, ...(token && { Authorization: `Bearer ${token}` }) },
          ...(agent && { agent }),
        };
      } catch (error) {
        throw unidentified(error, user);
      }
    },
    // The library would go on with the token that it has.
    forget() {
      identity = load();
    },
  };
}

/** What the library is given: one cluster, one user, and no proxy but one that it alone knows to use. */
function libraryConfig({ cluster, user }: Selected, proxy: string | undefined): KubeConfig {
  const config = new KubeConfig();
  const { tokenFile, token, ...identity } = user;
  // As Go does: the proxy looks the name up.
  const socks = proxy?.replace(/^socks5:/, 'socks5h:');
  const plain = cluster.server.startsWith('http:');
  const clusters = [
    {
      name: 'selected',
      cluster: {
        ...cluster,
        'proxy-url': socks?.startsWith('socks') ? socks : undefined,
        // The library refuses http:// without this; kubectl does not.
        'insecure-skip-tls-verify': plain || cluster['insecure-skip-tls-verify'],
      },
    },
  ];
  const exec = user.exec && informed(user.exec, cluster);
  const login = tokenFile ? identity : { ...identity, token };
  const users = [{ name: 'selected', user: { ...login, exec } }];
  const contexts = [{ name: 'selected', context: { cluster: 'selected', user: 'selected' } }];
  config.loadFromString(
    JSON.stringify({ clusters, users, contexts, 'current-context': 'selected' }),
  );
  return config;
}

/** Without a proxy, or by one of http:// or https://, whose certificate the machine's own authorities vouch for. */
function agentBy({ protocol }: URL, proxy: string | undefined): Agent | PlainAgent {
  if (proxy && !knowsProxies()) {
    throw new KubeconfigError(
      `its API server is behind a proxy, and Node ${process.version} asks by none: take 24.5 or newer`,
    );
  }
  const proxyEnv = proxy ? { http_proxy: proxy, https_proxy: proxy } : {};
  const options = { keepAlive: true, proxyEnv };
  return protocol === 'http:' ? new PlainAgent(options) : new Agent(options);
}

/** An older Node passes over `proxyEnv`, and would go straight. */
function knowsProxies(): boolean {
  const [major = 0, minor = 0] = process.version.slice(1).split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5);
}

/** As kubectl does, nobody shows who they are where everybody could read it. */
function withoutTls({ agent }: RequestOptions, user: RawUser): RequestOptions {
  return { ...(agent && { agent }), headers: impersonation(user) };
}

/** Whom the user acts as (Kubernetes, "User impersonation"). */
function impersonation(user: RawUser): Record<string, string | string[]> {
  const extra = Object.entries(user['as-user-extra'] ?? {}).map(([key, values]) => [
    `Impersonate-Extra-${encodeURIComponent(key)}`,
    [...values],
  ]);
  return {
    ...(user.as && { 'Impersonate-User': user.as }),
    ...(user['as-uid'] && { 'Impersonate-Uid': user['as-uid'] }),
    ...(user['as-groups']?.length && { 'Impersonate-Group': [...user['as-groups']] }),
    ...Object.fromEntries(extra),
  };
}

/** Why nobody is logged in; what a program printed, or a file held, is not told. */
function unidentified(error: unknown, { exec }: RawUser): KubeconfigError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === undefined ? '' : `: ${code}`;
  if (!exec) {
    return new KubeconfigError(`its user cannot be logged in${why}`, { cause: error });
  }
  const hint = code === 'ENOENT' && exec.installHint ? ` (${exec.installHint.trim()})` : '';
  return new KubeconfigError(
    `its user's program, ${exec.command}, gives no credential${why}${hint}`,
    { cause: error },
  );
}
