/** What must change in the peer's manifests for the rig; README.md beside this file says why, by the same names. */
import type { Keys } from './keys.ts';
import { imageOf } from './programs.ts';
import type { Program, Release } from './releases.ts';

/** As much of any object as the changes touch. */
export interface Kubernetes {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Record<string, unknown>;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly env?: readonly object[];
  readonly [key: string]: unknown;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly object[];
  readonly [key: string]: unknown;
}

/** What the peer's manifests cannot know. */
export interface Known {
  readonly release: Release;
  /** The servers' images in our manifests, by name and version. */
  readonly images: readonly string[];
  readonly keys: Keys;
}

interface Change {
  readonly name: string;
  change(object: Kubernetes, known: Known): Kubernetes[];
}

export const changes: readonly Change[] = [
  { name: 'Knative', change: withoutKnative },
  {
    name: 'images',
    change: (object, known) => [eachContainer(object, (one) => local(one, known))],
  },
  {
    name: 'database',
    change: (object, known) => [eachContainer(object, (one) => mariadb(one, known))],
  },
  { name: 'search index', change: (object) => [eachContainer(object, searchIndex)] },
  { name: 'addresses', change: (object) => [eachContainer(object, addresses)] },
  { name: 'keys', change: (object, known) => [withKeys(object, known)] },
  { name: 'volume', change: (object) => [onTheRigsVolume(object)] },
];

/** A Deployment of one replica, and a Service at port 80, as Knative's gateway has it. */
function withoutKnative(object: Kubernetes): Kubernetes[] {
  if (!object.apiVersion.startsWith('serving.knative.dev/')) return [object];
  const { name, namespace } = object.metadata;
  const { template } = object.spec as { template: { spec: PodSpec } };
  const [container] = template.spec.containers;
  const port = container?.ports?.[0]?.containerPort;
  if (!container || !namespace || !port) throw new Error(`Knative Service ${name}: no port`);
  const metadata = { name, namespace };
  const labels = { app: name };
  // Knative asks whether the port is open, and more often than a kubelet can.
  const probed = { ...container, readinessProbe: { tcpSocket: { port }, periodSeconds: 1 } };
  const pod = { metadata: { labels }, spec: { ...template.spec, containers: [probed] } };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 1, selector: { matchLabels: labels }, template: pod },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: port }] },
    },
  ];
}

/** Its own programs as they were compiled, and the servers that ours run. */
function local(container: Container, { images, release }: Known): Container {
  const [named = ''] = container.image.split('@');
  const builds = Object.entries(release.programs);
  const program = builds.find(([, build]) => named.endsWith(build.image))?.[0];
  if (program) return { ...container, image: imageOf(program as Program, release.tag) };
  if (container.name === 'mysql') return container;
  const [repository = ''] = named.split(':v');
  const wanted = repository.split('/').at(-1);
  const image = images.find((one) => one.split(':')[0]?.endsWith(`/${wanted}`));
  if (!image) throw new Error(`no image of the rig's is ${container.image}`);
  return { ...container, image };
}

/** A database in which all is there already; the program alone, for the rig's MariaDB has no entrypoint. */
function mariadb(container: Container, { release }: Known): Container {
  if (container.name !== 'mysql') return container;
  const options = ['--no-defaults', '--user=root', '--datadir=/var/lib/mysql/data'];
  const command = ['mariadbd', ...options, '--skip-name-resolve'];
  return { ...container, image: imageOf('database', release.tag), command };
}

/** Rekor's index in Trillian's database, as ours has it, for the rig has no Redis. */
function searchIndex(container: Container): Container {
  if (container.name !== 'rekor') return container;
  const kept = (container.args ?? []).filter(
    (arg) => !/^--(redis_server|search_index)\./.test(arg),
  );
  const dsn = 'trillian:trillian@tcp(mysql-trillian.trillian-system.svc:3306)/trillian';
  const own = ['--search_index.storage_provider=mysql', `--search_index.mysql.dsn=${dsn}`];
  return { ...container, args: [...kept, ...own] };
}

/** Who listens where: Knative tells the timestamp authority its port, and reaches each over the loopback. */
function addresses(container: Container): Container {
  const more: Readonly<Record<string, readonly string[]>> = {
    tsa: ['--host=0.0.0.0', '--port=3000'],
    'log-signer': ['--rpc_endpoint=0.0.0.0:8090'],
  };
  const own = more[container.name];
  return own ? { ...container, args: [...(container.args ?? []), ...own] } : container;
}

/** Its script's keys, in the place of what the Secrets have until it runs. */
function withKeys(object: Kubernetes, { keys }: Known): Kubernetes {
  if (object.kind !== 'Secret' || !object.data) return object;
  const { name, namespace = '' } = object.metadata;
  const filled = Object.entries(object.data).map(([key, value]) => {
    const placeholder = /^<(.+)-placeholder>$/.exec(value)?.[1];
    const made = placeholder === undefined ? value : keys[namespace]?.[placeholder];
    if (made === undefined) throw new Error(`Secret ${namespace}/${name}: no key for ${value}`);
    return [key, made] as const;
  });
  return { ...object, data: Object.fromEntries(filled) };
}

/** Volumes of kind's class are everybody's to write to; one of the rig's belongs to the group that a Pod names. */
function onTheRigsVolume(object: Kubernetes): Kubernetes {
  if (object.kind === 'PersistentVolumeClaim') {
    const { storageClassName, ...spec } = object.spec as { storageClassName?: string };
    return { ...object, spec };
  }
  return eachPod(object, (spec) =>
    spec.volumes?.some((one) => 'persistentVolumeClaim' in one)
      ? { ...spec, securityContext: { fsGroup: 65532 } }
      : spec,
  );
}

function eachContainer(object: Kubernetes, change: (one: Container) => Container): Kubernetes {
  return eachPod(object, (spec) => ({ ...spec, containers: spec.containers.map(change) }));
}

function eachPod(object: Kubernetes, change: (spec: PodSpec) => PodSpec): Kubernetes {
  if (object.kind === 'Pod')
    return { ...object, spec: { ...change(object.spec as unknown as PodSpec) } };
  const template = object.spec?.template as { spec: PodSpec } | undefined;
  if (!template) return object;
  return {
    ...object,
    spec: { ...object.spec, template: { ...template, spec: change(template.spec) } },
  };
}
