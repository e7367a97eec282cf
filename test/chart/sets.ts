import { chart, runHelm } from '../../scripts/chart/rendered.ts';
import { binary } from '../programs/binaries.ts';
import { type Manifest, objectsIn } from '../stack.ts';
import { certificate } from './certificate.ts';
import { issuers } from './issuers.ts';
import { blocks } from './restricted/quota.ts';

/** Values as a user may choose them, by a name for messages. */
export const sets = {
  'the defaults': {},
  'a prefix, and all else': {
    namespaces: { prefix: 'stg-' },
    instance: 'stg',
    cluster: { domain: 'cluster.local' },
    images: {
      registries: { github: 'mirror.example:5000/ghcr', docker: 'mirror.example:5000/hub' },
      pullSecrets: ['pull-one', 'pull-two'],
    },
    pods: {
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { 'kubernetes.io/os': 'linux', disk: 'ssd' },
      tolerations: [
        { key: 'dedicated', operator: 'Equal', value: 'signing', effect: 'NoSchedule' },
        { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
      ],
      user: 1000,
    },
    storage: { size: '10Gi', className: 'fast' },
    rekor: { hostname: 'rekor.example.com' },
    resources: {
      rekor: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: 4, memory: '4Gi' } },
      wait: { limits: { cpu: 0.5 } },
    },
  },
  'the longest prefix': { namespaces: { prefix: `l${'o'.repeat(45)}g-` } },
  'one namespace for all': { namespaces: { single: 'all-in-one' }, instance: 'one' },
  'namespaces of others, and users of the cluster’s choice': {
    namespaces: { prefix: 'their-', create: false },
    pods: { user: 0 },
  },
  'an Ingress for each service': {
    namespaces: { prefix: 'ingress-' },
    outside: {
      domain: 'sigstore.example.com',
      hosts: { tuf: 'trust.example.com' },
      ingress: {
        enabled: true,
        className: 'traefik',
        annotations: { 'example.com/team': 'signing' },
        annotationsFor: { rekor: { 'nginx.ingress.kubernetes.io/proxy-body-size': '8m' } },
      },
      tls: { secretName: 'sigstore-tls' },
      controller: { namespace: 'traefik', labels: { app: 'traefik' } },
    },
  },
  'one Ingress host for all, in one namespace': {
    namespaces: { single: 'led-out' },
    instance: 'led',
    outside: {
      hosts: Object.fromEntries(
        ['rekor', 'fulcio', 'ctlog', 'tsa', 'tuf'].map((name) => [name, 'sigstore.example.com']),
      ),
      ingress: { enabled: true },
      tls: { clusterIssuer: 'private' },
    },
  },
  'routes of the Gateway API': {
    namespaces: { prefix: 'gateway-' },
    outside: {
      hosts: { rekor: 'rekor.example.com', fulcio: 'fulcio.example.com', tuf: 'tuf.example.com' },
      gateway: {
        enabled: true,
        parentRefs: [
          { name: 'public', namespace: 'gateways', sectionName: 'https', port: 443 },
          { name: 'second' },
        ],
        filtersFor: { rekor: [{ group: 'traefik.io', kind: 'Middleware', name: 'limit' }] },
      },
    },
  },
  'OpenShift, as its page has it': {
    namespaces: { prefix: 'shift-', create: true },
    ...blocks.find(({ outside }) => outside !== undefined),
  },
  'a look at the stack, again and again': {
    namespaces: { prefix: 'look-' },
    fulcio: { issuers },
    outside: {
      domain: 'sigstore.example.com',
      controller: { namespace: 'traefik' },
    },
    status: { enabled: true, schedule: '@hourly', className: 'fast', ca: certificate },
  },
  'issuers of all types': { namespaces: { prefix: 'iss-' }, fulcio: { issuers } },
  'issuers, and not the cluster': {
    namespaces: { prefix: 'ext-' },
    fulcio: { clusterIssuer: false, issuers: issuers.slice(0, 2), signIn: issuers[1].url },
  },
  'a database that somebody else runs': {
    namespaces: { prefix: 'theirs-' },
    database: {
      external: {
        host: 'db.example.com',
        port: 3307,
        ca: { pem: `# Bundles have comments.\r\n${certificate}\n# Another\n${certificate}` },
        addresses: ['192.0.2.7/32', '2001:db8::/64', '::/0', '1:2:3:4:5:6:7:8/128'],
      },
    },
  },
  'words and numbers that YAML may take for others': {
    namespaces: { prefix: '1-' },
    instance: 'true',
    cluster: { dns: { namespace: '123' } },
    images: { names: { rekor: `mirror.example/rekor@sha256:${'0'.repeat(64)}` } },
    pods: { user: 1_000_650_000 },
    rekor: { hostname: 'null' },
    database: { external: { host: '1.5', ca: { secret: 'ca', key: '7' } } },
    resources: { rekor: { requests: { memory: 1_073_741_824 }, limits: { cpu: 1.5 } } },
  },
  'a PostgreSQL that somebody else runs': {
    namespaces: { prefix: 'pg-' },
    database: {
      external: {
        ...{ host: 'pg.example.com', kind: 'postgresql', port: 5432, schema: 'none' },
        ca: { secret: 'company-ca' },
      },
    },
  },
} as const;

export type SetName = keyof typeof sets;

/** Values as flags of Helm. */
export function flags(values: object): string[] {
  return Object.entries(values).flatMap(([key, value]) => [
    '--set-json',
    `${key}=${JSON.stringify(value)}`,
  ]);
}

/** The chart with these values, as helm template prints it. */
export function rendered(values: object, helm = binary('helm')) {
  return runHelm(helm, ['template', 'sigstand', chart, ...flags(values)]);
}

/** The objects of one of the sets. @throws {Error} Where Helm refuses it. */
export async function objectsOf(set: SetName): Promise<{ text: string; objects: Manifest[] }> {
  const { status, stdout, stderr } = await rendered(sets[set]);
  if (status !== 0 || stderr !== '') throw new Error(stderr);
  return { text: stdout, objects: objectsIn(stdout, set) };
}
