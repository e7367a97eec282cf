import type { Store } from '@sigstand/store/store';
import { jobOf, type Manifest, ofKind, type Pod, type PodSpec, pods } from '../stack.ts';
import type { End } from './policies.ts';

/** What a Pod must reach, so that it can do what its manifest tells it to. */
export interface Needs {
  readonly end: End;
  /** Connections to Pods of the stack: its name, and the port that it listens on. */
  readonly servers: readonly { readonly name: string; readonly port: number }[];
  /** Whether it reaches the API server, or another https address that is no Service of ours. */
  readonly https: boolean;
  /** Whether it looks up names. */
  readonly dns: boolean;
}

/** By a Job's name, the address that it was seen to connect to. */
export type Seen = Map<string, string>;

/**
 * The needs of every Pod, read from its arguments, its environment and the files that its arguments name,
 * be they the manifests' or what the Jobs wrote to `store`; and from what the Jobs were seen to ask for.
 */
export async function needsOfAll(store: Store, seen: Seen): Promise<Needs[]> {
  const each = await Promise.all(
    pods.map(async (pod) => {
      const end = endOf(pod);
      const texts = [...(await configurationOf(pod, store)), seen.get(end.name) ?? ''];
      return needsOf(end, texts, pod.spec);
    }),
  );
  // A Job and its CronJob make the same Pod twice.
  return [...new Map(each.map((needs) => [needs.end.name, needs])).values()];
}

/** The Pod as one end of a connection. */
export function endOf({ owner, labels, spec }: Pod): End {
  const namespace = owner.metadata.namespace ?? '';
  const ports = containersOf(spec).flatMap(({ ports = [] }) => ports as ContainerPort[]);
  return {
    name: `${namespace}/${labels['app.kubernetes.io/name']}`,
    pod: {
      namespace,
      labels,
      ports: Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort])),
    },
  };
}

interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
}

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes' Container, read field by field
function containersOf({ initContainers = [], containers }: PodSpec): any[] {
  return [...initContainers, ...containers];
}

function needsOf(end: End, texts: readonly string[], spec: PodSpec): Needs {
  const targets = texts.flatMap(addressesIn).map((address) => targetOf(end, address));
  const servers = targets.flatMap((target) => (typeof target === 'object' ? [target] : []));
  const https = spec.automountServiceAccountToken === true || targets.includes('https');
  return { end, servers, https, dns: https || servers.length > 0 };
}

/**
 * Everything that tells the Pod's processes whom to reach, container by container. Nothing of our Jobs: they are
 * also told of servers that others reach, and what they reach themselves was seen.
 */
async function configurationOf({ owner, spec }: Pod, store: Store): Promise<string[]> {
  if (jobOf(spec)) return [];
  const texts: string[] = [];
  for (const { command = [], args = [], env = [], volumeMounts = [] } of containersOf(spec)) {
    const words = [...command, ...args];
    const values = env.flatMap(({ value }: { value?: string }) => value ?? []);
    const mounted = await Promise.all(
      volumeMounts.map((mount: { name: string; mountPath: string }) =>
        filesIn(owner.metadata.namespace ?? '', spec, mount, store),
      ),
    );
    // A file is a configuration if somebody tells the process to read it: other mounts are what it serves.
    const files = mounted.flat().filter(({ path }) => words.some((word) => word.includes(path)));
    texts.push([...words, ...values, ...files.map(({ text }) => text)].join('\n'));
  }
  return texts;
}

async function filesIn(
  namespace: string,
  spec: PodSpec,
  { name, mountPath }: { name: string; mountPath: string },
  store: Store,
): Promise<{ path: string; text: string }[]> {
  // A claim's volume is in no Pod's list; it and an emptyDir hold what the Pod itself wrote.
  const volume = spec.volumes?.find((one: { name: string }) => one.name === name);
  const { secret, configMap } = volume ?? {};
  const source = secret ?? configMap;
  if (source === undefined) return [];
  const kind = secret ? 'Secret' : 'ConfigMap';
  const object: string = source.secretName ?? source.name;
  const shipped: Record<string, string> = ofKind(kind).find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === object,
  )?.data;
  const data = shipped ?? (await store.read({ kind, namespace, name: object }))?.data;
  if (data === undefined) throw new Error(`nobody made ${kind} ${namespace}/${object}`);
  const items: { key: string; path: string }[] =
    source.items ?? Object.keys(data).map((key) => ({ key, path: key }));
  return items.map(({ key, path }) => ({
    path: `${mountPath}/${path}`,
    text: Buffer.from(data[key]!).toString(),
  }));
}

interface Address {
  readonly scheme: string | undefined;
  readonly host: string;
  readonly port: number;
}

const pattern =
  /(?:--(?<flag>[\w.]+)\.address=)?(?:(?<scheme>https?):\/\/)?(?<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::(?<port>\d+))?/g;

/** Every URL, and every name of a Service with its port, in a text of arguments and configuration. */
export function addressesIn(text: string): Address[] {
  return [...text.matchAll(pattern)].flatMap(({ groups = {} }) => {
    const { flag, scheme, host = '', port } = groups;
    if (scheme === undefined && !/\.svc(\.cluster\.local)?$/.test(host)) return [];
    // Rekor takes the port in a flag of its own; the mariadb programs know theirs.
    const beside = flag && new RegExp(`--${flag}\\.port=(\\d+)`).exec(text)?.[1];
    const usual =
      { http: 80, https: 443 }[scheme ?? ''] ??
      (/\bmariadb(-\w+)? --/.test(text) ? 3306 : Number.NaN);
    return [{ scheme, host, port: Number(port ?? beside ?? usual) }];
  });
}

/** The Pod and its port behind an address; nothing where it is the Pod's own. */
function targetOf(
  from: End,
  { scheme, host, port }: Address,
): { name: string; port: number } | 'https' | undefined {
  const [name, namespace] = host.split('.');
  const service = ofKind('Service').find(
    ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
  );
  if (service === undefined) {
    if (scheme === 'https') return 'https';
    throw new Error(`${from.name} reaches ${host}, and no rule of this test says by which right`);
  }
  const target = podBehind(service);
  if (target.name === from.name) return undefined;
  return { name: target.name, port: podPort(service, target, port) };
}

/** The Pod that a Service selects. */
export function podBehind({ metadata, spec }: Manifest): End {
  const wanted = Object.entries(spec.selector);
  const found = pods.find(
    ({ owner, labels }) =>
      owner.metadata.namespace === metadata.namespace &&
      wanted.every(([key, value]) => labels[key] === value),
  );
  if (found === undefined) throw new Error(`Service ${metadata.name} selects no Pod`);
  return endOf(found);
}

function podPort({ metadata, spec }: Manifest, { pod }: End, port: number): number {
  const found = spec.ports.find((one: { port: number }) => one.port === port);
  if (found === undefined) throw new Error(`Service ${metadata.name} has no port ${port}`);
  const { targetPort = port } = found;
  return typeof targetPort === 'number' ? targetPort : pod!.ports[targetPort]!;
}

/** The Pod's ports behind all of a Service's. */
export function podPorts(service: Manifest): number[] {
  const target = podBehind(service);
  return service.spec.ports.map(({ port }: { port: number }) => podPort(service, target, port));
}
