import { certificate as pem } from './certificate.ts';
import { cut, damaged, key, refusedIssuers } from './refused-issuers.ts';
import { outside } from './refused-outside.ts';

/** What cannot be, the path that is named, and the reason. */
export type Refused = readonly [values: object, path: string, reason: RegExp];

const tolerations = (...list: object[]) => ({ pods: { tolerations: list } });
const rekor = (resources: object) => ({ resources: { rekor: resources } });
const external = (database: object) => ({ database: { external: database } });
const host = 'db.example.com';
const pemOf = '/database/external/ca/pem';
const addresses = (one: string) => external({ host, ca: { pem }, addresses: [one] });
const long = (letters: number) => 'x'.repeat(letters);

/** All of it. */
export const refused: readonly Refused[] = [
  [{ namespace: { prefix: 'stg-' } }, '', /'namespace' not allowed/],
  [{ namespaces: { Prefix: 'stg-' } }, '/namespaces', /'Prefix' not allowed/],
  [{ namespaces: { prefix: 'Stg-' } }, '/namespaces/prefix', /pattern/],
  [{ namespaces: { prefix: '-stg' } }, '/namespaces/prefix', /pattern/],
  [{ namespaces: { prefix: 'stg.' } }, '/namespaces/prefix', /pattern/],
  [{ namespaces: { prefix: 7 } }, '/namespaces/prefix', /want string/],
  [{ namespaces: { prefix: null } }, '/namespaces', /'prefix'/],
  // With trillian-system behind it, one letter more than a namespace has.
  [{ namespaces: { prefix: long(49) } }, '/namespaces/prefix', /maxLength: got 49, want 48/],
  [{ namespaces: { prefix: 'kube-' } }, '/namespaces/prefix', /the cluster's own/],
  [{ namespaces: { single: long(64) } }, '/namespaces/single', /maxLength: got 64, want 63/],
  [{ namespaces: { single: 'sigstore-' } }, '/namespaces/single', /pattern/],
  [{ namespaces: { single: 'default' } }, '/namespaces/single', /the cluster's own/],
  [{ namespaces: { single: 'kube-system' } }, '/namespaces/single', /the cluster's own/],
  [{ namespaces: { single: 'true' } }, '/namespaces/single', /a word of YAML/],
  [{ namespaces: { single: 'one', prefix: 'stg-' } }, '/namespaces/prefix', /beside/],
  [{ namespaces: { create: 'yes' } }, '/namespaces/create', /want boolean/],
  [{ instance: 'stg one' }, '/instance', /pattern/],
  [{ instance: long(64) }, '/instance', /maxLength: got 64, want 63/],
  [{ cluster: { domain: 'cluster..local' } }, '/cluster/domain', /pattern/],
  [{ cluster: { domain: '.local' } }, '/cluster/domain', /pattern/],
  [{ cluster: { dns: { namespace: 'DNS' } } }, '/cluster/dns/namespace', /pattern/],
  [{ status: { enabled: 'yes' } }, '/status/enabled', /want boolean/],
  [{ status: { schedule: 'hourly' } }, '/status/schedule', /pattern/],
  [{ status: { soon: '30' } }, '/status/soon', /pattern/],
  [{ status: { size: '1' } }, '/status/size', /pattern/],
  [{ status: { size: '', className: 'fast' } }, '/status/className', /no volume/],
  [{ status: { ca: 'ca.pem' } }, '/status/ca', /pattern/],
  [{ cluster: { dns: { port: 0 } } }, '/cluster/dns/port', /minimum/],
  [{ cluster: { domain: 'Cluster.local' } }, '/cluster/domain', /pattern/],
  [
    {
      cluster: { domain: `${long(60)}.${long(60)}.${long(60)}` },
      namespaces: { prefix: long(48) },
    },
    '/cluster/domain',
    /longer than the 253 letters/,
  ],
  [
    { images: { registries: { github: 'https://mirror.example' } } },
    '/images/registries/github',
    /pattern/,
  ],
  [
    { images: { registries: { docker: 'mirror.example/' } } },
    '/images/registries/docker',
    /pattern/,
  ],
  [{ images: { registries: { quay: 'quay.io' } } }, '/images/registries', /'quay' not allowed/],
  [{ images: { pullSecrets: 'pull' } }, '/images/pullSecrets', /want array/],
  [{ images: { pullSecrets: ['a', 'a'] } }, '/images/pullSecrets', /equal/],
  [{ images: { pullSecrets: ['Pull'] } }, '/images/pullSecrets/0', /pattern/],
  [{ images: { names: { rekor: 'rekor-server' } } }, '/images/names/rekor', /pattern/],
  [
    { images: { names: { rekor: 'ghcr.io/sigstore/rekor/rekor-server' } } },
    '/images/names/rekor',
    /pattern/,
  ],
  [{ images: { names: { rekor: 'ghcr.io/x/y:1@sha256:abc' } } }, '/images/names/rekor', /pattern/],
  [
    { images: { names: { redis: 'docker.io/library/redis:8' } } },
    '/images/names',
    /'redis' not allowed/,
  ],
  [{ pods: { priorityClassName: 'High' } }, '/pods/priorityClassName', /pattern/],
  [{ pods: { nodeSelector: { 'a b': 'c' } } }, '/pods/nodeSelector', /'a b' not allowed/],
  [{ pods: { nodeSelector: { disk: true } } }, '/pods/nodeSelector/disk', /want string/],
  [tolerations({ keey: 'a' }), '/pods/tolerations/0', /'keey' not allowed/],
  [tolerations({ key: 'a', effect: 'NoStart' }), '/pods/tolerations/0/effect', /must be one of/],
  [
    tolerations({ key: 'a', operator: 'Exists', value: 'b' }),
    '/pods/tolerations/0/value',
    /Exists/,
  ],
  [tolerations({ value: 'b' }), '/pods/tolerations/0/operator', /has to be Exists/],
  [
    tolerations({ key: 'a', operator: 'Exists' }, { key: 'b', tolerationSeconds: 9 }),
    '/pods/tolerations/1/tolerationSeconds',
    /NoExecute/,
  ],
  [{ pods: { user: -1 } }, '/pods/user', /minimum/],
  [{ pods: { user: 'nobody' } }, '/pods/user', /want integer/],
  [{ storage: { size: '5 GB' } }, '/storage/size', /pattern/],
  [{ storage: { size: 0 } }, '/storage/size', /minimum/],
  [external({ hots: host }), '/database/external', /'hots' not allowed/],
  [external({ host: 'tcp://db.example.com' }), '/database/external/host', /pattern/],
  [external({ host: 'db.example.com:3306' }), '/database/external/host', /pattern/],
  [external({ host }), '/database/external/ca', /lacks the CA to verify db\.example\.com by/],
  [external({ host, port: 0, ca: { pem } }), '/database/external/port', /minimum/],
  [external({ host, port: '3306', ca: { pem } }), '/database/external/port', /want integer/],
  [external({ host, tls: 'skip-verify' }), '/database/external/tls', /must be one of/],
  [external({ host, tls: 'none', ca: { pem } }), '/database/external/ca/pem', /nothing to verify/],
  [external({ host, ca: { pem: 'ca.pem' } }), '/database/external/ca/pem', /pattern/],
  [external({ host, ca: { secret: 'CA' } }), '/database/external/ca/secret', /pattern/],
  [
    external({ host, ca: { pem, secret: 'ca' } }),
    '/database/external/ca/secret',
    /one CA too many/,
  ],
  [external({ host, ca: { pem }, schema: 'yes' }), '/database/external/schema', /must be one of/],
  ...['192.0.2.7', '192.0.2.256/32', '192.0.2.7/33', '1:2/64', ':::/64', '::12345/64'].map(
    (one): Refused => [addresses(one), '/database/external/addresses/0', /pattern/],
  ),
  [external({ host, ca: { pem }, kind: 'mariadb' }), '/database/external/kind', /must be one of/],
  [external({ kind: 'postgresql' }), '/database/external/kind', /says nothing without/],
  [
    external({ host, ca: { pem }, kind: 'postgresql', port: 5432 }),
    '/database/external/schema',
    /is none for a postgresql/,
  ],
  [
    external({ host, ca: { pem }, kind: 'postgresql', schema: 'none' }),
    '/database/external/port',
    /3306 is no port of a postgresql/,
  ],
  [external({ ca: { pem } }), '/database/external/ca', /says nothing without/],
  [external({ addresses: ['192.0.2.7/32'] }), '/database/external/addresses', /says nothing/],
  [external({ port: 3307 }), '/database/external/port', /says nothing without/],
  [external({ tls: 'none' }), '/database/external/tls', /says nothing without/],
  [external({ schema: 'none' }), '/database/external/schema', /says nothing without/],
  [external({ host, ca: { pem: damaged } }), pemOf, /unable to decode certificate/],
  [external({ host, ca: { pem: pem + cut } }), pemOf, /x509: malformed/],
  [external({ host, ca: { pem: pem + key } }), pemOf, /else than certificates/],
  [external({ host, ca: { pem: pem.slice(0, -9) } }), pemOf, /else than certificates/],
  [
    { ...external({ host, ca: { pem } }), storage: { className: 'fast' } },
    '/storage/className',
    /no volume/,
  ],
  [{ rekor: { hostname: 'https://rekor.example.com' } }, '/rekor/hostname', /pattern/],
  [{ rekor: { hostname: 'rekor.example.com:443' } }, '/rekor/hostname', /pattern/],
  [{ rekor: { hostname: `${long(64)}.example.com` } }, '/rekor/hostname', /pattern/],
  ...outside,
  [rekor({ limits: { cpu: 'two' } }), '/resources/rekor/limits/cpu', /pattern/],
  [rekor({ limits: { memory: '2G' } }), '/resources/rekor/limits/memory', /pattern/],
  [rekor({ limits: { memory: '2gb' } }), '/resources/rekor/limits/memory', /pattern/],
  [
    rekor({ requests: { memory: '3Gi' } }),
    '/resources/rekor/requests/memory',
    /more than its limit/,
  ],
  [rekor({ requests: { cpu: '2500m' } }), '/resources/rekor/requests/cpu', /more than its limit/],
  [{ resources: { rekor: null } }, '/resources', /'rekor'/],
  [{ resources: { redis: {} } }, '/resources', /'redis' not allowed/],
  ...refusedIssuers,
];

/**
 * The lines in which Helm names a value's path, with the reason: from the schema, which may take several, or from the
 * templates where values contradict each other.
 */
export function reasonIn(stderr: string, path: string): string | undefined {
  const starts = [`at '${path}': `, `values: ${path}: `];
  const lines = stderr.split('\n').filter((line) => starts.some((start) => line.includes(start)));
  return lines.length > 0 ? lines.join('\n') : undefined;
}
