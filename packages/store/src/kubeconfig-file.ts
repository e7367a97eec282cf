import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { loadAll } from 'js-yaml';

/** One file of the list that KUBECONFIG is. */
export interface KubeconfigFile {
  readonly path: string;
  /** How a message calls it; never its path, in whose place some give the file's content. */
  readonly title: string;
  readonly text: string;
}

/** A cluster as a kubeconfig writes it, as far as it is read here. */
export interface RawCluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
  readonly extensions?: readonly { readonly name?: string; readonly extension?: unknown }[];
}

/** A user as a kubeconfig writes it, as far as it is read here. */
export interface RawUser {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: RawExec;
  readonly 'auth-provider'?: unknown;
  readonly as?: string;
  readonly 'as-uid'?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
}

/** A program that prints a credential (client.authentication.k8s.io). */
export interface RawExec {
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly apiVersion?: string;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

/** The cluster and user of the current context. */
export interface Selected {
  readonly cluster: RawCluster & { readonly server: string };
  readonly user: RawUser;
}

/** A kubeconfig that kubectl would not take either. It says what is wrong, and nothing of what is in it. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/**
 * The cluster and user that the files select together, as kubectl merges them: of two entries of one
 * name, and of two current contexts, the first counts as a whole; a path is relative to its own file.
 * Resolves to undefined where they select nothing; `context` takes the place of the current one.
 *
 * Source: k8s.io/client-go v0.35.4, tools/clientcmd/loader.go and client_config.go.
 *
 * @throws {KubeconfigError}
 */
export function selectedBy(
  files: readonly KubeconfigFile[],
  context?: string,
): Selected | undefined {
  const parsed = files.map(parse);
  const first = <Entry>(of: (one: Parsed) => ReadonlyMap<string, Entry>, name: string) =>
    parsed.map((one) => of(one).get(name)).find((found) => found !== undefined);

  const current = context ?? parsed.map((one) => one.current).find(Boolean);
  if (current === undefined) return undefined;
  const selected = first((one) => one.contexts, current);
  if (selected === undefined) {
    const which =
      context === undefined ? 'its current context' : 'the context that --context names';
    throw new KubeconfigError(`${which} does not exist`);
  }
  const { cluster: clusterName = '', user: userName = '' } = selected;
  const cluster = first((one) => one.clusters, clusterName);
  if (cluster === undefined) throw new KubeconfigError("its context's cluster does not exist");
  const user = first((one) => one.users, userName);
  if (user === undefined && userName !== '') {
    throw new KubeconfigError("its context's user does not exist");
  }
  return usable(cluster, user ?? {});
}

interface Parsed {
  readonly current: string | undefined;
  readonly clusters: ReadonlyMap<string, RawCluster>;
  readonly users: ReadonlyMap<string, RawUser>;
  readonly contexts: ReadonlyMap<string, { readonly cluster?: string; readonly user?: string }>;
}

function parse(file: KubeconfigFile): Parsed {
  const config = yaml(file);
  const here = dirname(file.path);
  return {
    current: (config['current-context'] as string | undefined) || undefined,
    clusters: named<RawCluster>(config, 'cluster', file, (one) =>
      absolute(one, ['certificate-authority'], here),
    ),
    users: named<RawUser>(config, 'user', file, (one) => {
      const user = absolute(one, ['client-certificate', 'client-key', 'tokenFile'], here);
      // A command without a slash is looked for on the PATH.
      if (!user.exec?.command?.includes(sep)) return user;
      return { ...user, exec: absolute(user.exec, ['command'], here) };
    }),
    contexts: named(config, 'context', file, (one) => one),
  };
}

function yaml({ title, text }: KubeconfigFile): Record<string, unknown> {
  let content: unknown;
  try {
    // Of several documents kubectl reads the first.
    [content] = loadAll(text);
  } catch (error) {
    // What the parser says quotes the file.
    const { line } = (error as { mark?: { line?: number } }).mark ?? {};
    const where = line === undefined ? '' : `, line ${line + 1}`;
    throw new KubeconfigError(`${title} is not YAML${where}`, { cause: error });
  }
  if (content === undefined || content === null) return {}; // an empty file
  if (typeof content === 'object' && !Array.isArray(content)) {
    return content as Record<string, unknown>;
  }
  throw new KubeconfigError(`${title} is no kubeconfig`);
}

/** The entries of `clusters`, `users` or `contexts`, by their names. */
function named<Entry extends object>(
  config: Record<string, unknown>,
  kind: 'cluster' | 'user' | 'context',
  { title }: KubeconfigFile,
  read: (entry: Entry) => Entry,
): Map<string, Entry> {
  const list = config[`${kind}s`] ?? [];
  if (!Array.isArray(list)) throw new KubeconfigError(`${title} has ${kind}s that are no list`);
  const entries = new Map<string, Entry>();
  for (const one of list as readonly (Record<string, unknown> | null)[]) {
    const name = String(one?.name ?? '');
    if (entries.has(name)) throw new KubeconfigError(`${title} has two ${kind}s of one name`);
    entries.set(name, read((one?.[kind] ?? {}) as Entry));
  }
  return entries;
}

function absolute<Entry extends object>(
  entry: Entry,
  keys: readonly (keyof Entry)[],
  base: string,
): Entry {
  const paths = keys
    .map((key) => [key, entry[key]] as const)
    .filter(([, path]) => typeof path === 'string' && path !== '' && !isAbsolute(path));
  return {
    ...entry,
    ...Object.fromEntries(paths.map(([key, path]) => [key, resolve(base, `${path}`)])),
  };
}

/** What client-go's tools/clientcmd/validation.go demands. */
function usable(cluster: RawCluster, user: RawUser): Selected {
  const has = (key: keyof RawCluster | keyof RawUser) => Boolean({ ...cluster, ...user }[key]);
  const authority = has('certificate-authority') || has('certificate-authority-data');
  const wrong = [
    [!has('server'), 'its cluster has no server'],
    [twice('certificate-authority'), 'its cluster has both certificate-authority and -data'],
    [
      authority && has('insecure-skip-tls-verify'),
      'its cluster has both a certificate authority and insecure-skip-tls-verify',
    ],
    [twice('client-certificate'), 'its user has both client-certificate and -data'],
    [twice('client-key'), 'its user has both client-key and -data'],
    [
      either('client-certificate') && !either('client-key'),
      'its user has a client certificate and no key',
    ],
    [has('token') && (has('username') || has('password')), 'its user has a token and a password'],
    [has('exec') && has('auth-provider'), 'its user has both exec and auth-provider'],
    [has('exec') && !user.exec?.command, "its user's exec has no command"],
    [
      !/^((https?|socks5):\/\/|$)/.test(cluster['proxy-url'] ?? ''),
      "its cluster's proxy-url is not http://, https:// or socks5://",
    ],
  ] as const;
  const [, message] = wrong.find(([holds]) => holds) ?? [];
  if (message !== undefined) throw new KubeconfigError(message);
  return { cluster: { ...cluster, server: serverOf(cluster) }, user };

  function either(key: 'certificate-authority' | 'client-certificate' | 'client-key') {
    return has(key) || has(`${key}-data`);
  }
  function twice(key: 'certificate-authority' | 'client-certificate' | 'client-key') {
    return has(key) && has(`${key}-data`);
  }
}

/** The server's URL; without a scheme it is http://, whatever else speaks of TLS. */
function serverOf({ server = '' }: RawCluster): string {
  const url = /^https?:\/\//i.test(server) ? server : `http://${server}`;
  if (!URL.canParse(url)) throw new KubeconfigError("its cluster's server is no URL");
  return url;
}
