import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { chart, runHelm } from '../../scripts/chart/rendered.ts';
import { routed, routesIn } from '../chart/routes.ts';
import { flags, objectsOf, type SetName } from '../chart/sets.ts';
import { endOf } from '../network/needs.ts';
import { type End, evaluate, type Policy } from '../network/policies.ts';
import { binary } from '../programs/binaries.ts';
import { type Manifest, podsOf } from '../stack.ts';

const each: SetName = 'an Ingress for each service';
const shared: SetName = 'one Ingress host for all, in one namespace';
const routes: SetName = 'routes of the Gateway API';
const all = new Map<SetName, Manifest[]>();
beforeAll(async () => {
  for (const set of [each, shared, routes]) all.set(set, (await objectsOf(set)).objects);
});
const of = (set: SetName) => all.get(set)!;
const named = (set: SetName, kind: string, name: string) =>
  of(set).find((one) => one.kind === kind && one.metadata.name === name)!;

/** What clients call, and what is not theirs: by the service, and by where Fulcio's gRPC is. */
const calls: Readonly<Record<string, readonly string[]>> = {
  rekor: [
    ...['/api/v1/log', '/api/v1/log/entries', '/api/v1/log/entries/24296fb2', '/api/v1/log/proof'],
    ...['/api/v1/log/publicKey', '/api/v1/log/entries/retrieve', '/api/v1/index/retrieve'],
  ],
  fulcio: [
    ...['/api/v2/signingCert', '/api/v2/trustBundle', '/api/v2/configuration'],
    ...['/api/v1/signingCert', '/api/v1/rootCert'],
  ],
  'fulcio-grpc': [
    '/dev.sigstore.fulcio.v2.CA/CreateSigningCertificate',
    '/dev.sigstore.fulcio.v2.CA/GetTrustBundle',
  ],
  ctlog: ['get-sth', 'get-entries', 'get-proof-by-hash', 'get-roots'].flatMap((call) => [
    `/sigstorescaffolding/ct/v1/${call}`,
    `/sigstorescaffolding/old/7668082002570787638/ct/v1/${call}`,
  ]),
  tsa: ['/api/v1/timestamp', '/api/v1/timestamp/certchain'],
  tuf: ['/timestamp.json', '/1.root.json', '/targets/abc.trusted_root.json'],
};
const inside = [
  ...['/', '/metrics', '/debug/pprof/', '/debug/pprof/cmdline', '/healthz', '/ping', '/version'],
  ...['/api', '/api/v1', '/api/v1/logs', '/api/v1/signingCert/x', '/sigstorescaffolding/metrics'],
  ...['add-chain', 'add-pre-chain', 'get-sth/x'].map((one) => `/sigstorescaffolding/ct/v1/${one}`),
  ...['/grpc.health.v1.Health/Check', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'],
  '/dev.sigstore.fulcio.v1beta.CA/CreateSigningCertificate',
];
const hostsOf = (set: SetName, service: string) =>
  new Set(routesIn(of(set)).flatMap((route) => (route.service === service ? [route.host] : [])));

describe.each([each, shared, routes])('%s', (set) => {
  it('leads the calls of each API to its Service, once', () => {
    const led = routesIn(of(set));
    let seen = 0;
    for (const [service, paths] of Object.entries(calls)) {
      for (const host of hostsOf(set, service)) {
        for (const path of paths) {
          expect([host, path, routed(led, host, path)[0]?.service]).toEqual([host, path, service]);
          seen += 1;
        }
      }
    }
    expect(seen).toBeGreaterThan(15);
  });

  it('leads nothing else to anybody but the web server of the repository', () => {
    const led = routesIn(of(set));
    for (const host of new Set(led.map((route) => route.host))) {
      const to = inside.flatMap((path) => routed(led, host, path).map(({ service }) => service));
      expect([host, to.filter((service) => service !== 'tuf')]).toEqual([host, []]);
    }
  });

  it('has no two paths of one host of which both would take a request', () => {
    const led = routesIn(of(set)).filter(({ path }) => path !== '/');
    const twice = led.filter(({ host, path }) => routed(led, host, path).length !== 1);
    expect(twice).toEqual([]);
  });

  it('leads to Services of the same namespace, with that port, which a Pod answers', () => {
    const led = routesIn(of(set));
    for (const { namespace, service, port } of led) {
      const found = of(set).find(
        ({ kind, metadata }) =>
          kind === 'Service' && metadata.name === service && metadata.namespace === namespace,
      );
      const ports = found?.spec.ports as { name: string; port: number; targetPort: string }[];
      const target = ports.find((one) => one.port === port || one.name === port)?.targetPort;
      const pod = podsOf(of(set)).find(
        ({ owner, labels }) =>
          owner.metadata.namespace === namespace &&
          Object.entries(found?.spec.selector).every(([key, value]) => labels[key] === value),
      );
      const [{ ports: open = [] } = {}] = pod?.spec.containers ?? [];
      expect(open.map(({ name }: { name: string }) => name)).toContain(target);
    }
  });
});

describe('what clients are told', () => {
  const told = (set: SetName) => named(set, 'ConfigMap', 'createtuf-settings').data;
  it('is the names outside, with https', () => {
    expect(told(each)).toMatchObject({
      CREATETUF_FULCIO_URL: 'https://fulcio.sigstore.example.com',
      CREATETUF_REKOR_URL: 'https://rekor.sigstore.example.com',
      CREATETUF_CTLOG_URL: 'https://ctlog.sigstore.example.com/sigstorescaffolding',
      CREATETUF_TSA_URL: 'https://tsa.sigstore.example.com',
      CREATETUF_MIRROR_URL: 'https://trust.example.com',
    });
  });

  it('is the Service of what has no name there', () => {
    expect(told(routes)).toMatchObject({
      CREATETUF_REKOR_URL: 'https://rekor.example.com',
      CREATETUF_TSA_URL: 'http://tsa.gateway-tsa-system.svc',
      CREATETUF_MIRROR_URL: 'https://tuf.example.com',
    });
  });

  it('is Rekor’s name, too, which is the host that it has when its key is made', () => {
    const name = (set: SetName) => named(set, 'ConfigMap', 'rekor-settings').data.hostname;
    expect([each, shared, routes].map(name)).toEqual([
      'rekor.sigstore.example.com',
      'sigstore.example.com',
      'rekor.example.com',
    ]);
  });
});

describe('an Ingress', () => {
  const annotations = (set: SetName, name: string) =>
    named(set, 'Ingress', name).metadata.annotations;

  it('has the annotations of all, its own, and the chart’s where the user has no other', () => {
    expect(annotations(each, 'tsa')).toEqual({ 'example.com/team': 'signing' });
    expect(annotations(each, 'rekor')).toEqual({
      'example.com/team': 'signing',
      'nginx.ingress.kubernetes.io/proxy-body-size': '8m',
    });
    expect(annotations(shared, 'rekor')).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-body-size': '32792576',
    });
  });

  it('asks cert-manager once for each Secret', () => {
    const asked = of(shared).flatMap(({ kind, metadata, spec }) =>
      kind === 'Ingress' && metadata.annotations?.['cert-manager.io/cluster-issuer']
        ? [spec.tls[0].secretName]
        : [],
    );
    const wanted = ['ctlog-tls', 'fulcio-tls', 'rekor-tls', 'tsa-tls', 'tuf-tls'];
    expect(asked.sort()).toEqual(wanted);
    expect(named(shared, 'Ingress', 'fulcio-grpc').spec.tls[0].secretName).toBe('fulcio-tls');
  });
});

describe('the NetworkPolicies', () => {
  const pod = (namespace: string, labels: Record<string, string>): End => ({
    name: namespace,
    pod: { namespace, labels, ports: {} },
  });
  const controller = pod('traefik', { app: 'traefik' });
  const others = [pod('traefik', { app: 'other' }), pod('default', { app: 'traefik' })];
  const ports = { rekor: [3000], fulcio: [5555, 5554], ctlog: [6962], tsa: [3000], tuf: [8080] };

  it.each([
    ['let the named controller in alone', each, false],
    ['let anybody in where none is named', shared, true],
  ] as const)('%s', (_what, set, anybody) => {
    const policies = of(set).filter(({ kind }) => kind === 'NetworkPolicy');
    const { receives } = evaluate(policies as unknown as Policy[]);
    const ends = podsOf(of(set)).map(endOf);
    for (const [service, numbers] of Object.entries(ports)) {
      const to = ends.find(({ name }) => name.endsWith(`/${service}`))!;
      for (const port of numbers) {
        const may = [controller, ...others].map((from) =>
          receives(from, to)({ protocol: 'TCP', port }),
        );
        expect([service, port, ...may]).toEqual([service, port, true, anybody, anybody]);
      }
    }
    const [fulcio, ctlog] = ['fulcio', 'ctlog'].map(
      (service) => ends.find(({ name }) => name.endsWith(`/${service}`))!,
    );
    expect(receives(fulcio!, ctlog!)({ protocol: 'TCP', port: 6962 })).toBe(true);
  });
});

describe('Rekor’s name', () => {
  const env = { KUBECONFIG: inject('kubeconfig') };
  const helm = (...args: string[]) =>
    runHelm(binary('helm'), [...args, '--namespace', 'default'], env);
  const values = (host: string, hostname = '') =>
    flags({
      namespaces: { prefix: 'name-' },
      outside: { hosts: { rekor: host } },
      rekor: { hostname },
    });
  afterAll(() => helm('uninstall', 'name', '--ignore-not-found'));

  it('is not changed by another host: helm says which name to keep, and changes nothing', async () => {
    const first = await helm('install', 'name', chart, ...values('rekor.example.com'));
    expect(first).toMatchObject({ status: 0 });
    const moved = await helm('upgrade', 'name', chart, ...values('log.example.com'));
    expect(moved.status).toBe(1);
    expect(moved.stderr).toMatch(
      /values: \/rekor\/hostname: Rekor signs as rekor\.example\.com for good, and would be log\.example\.com/,
    );
    // Nothing here runs the Job that an upgrade makes anew for it: test/chart has what does.
    const kept = await helm(
      ...['upgrade', 'name', chart, '--dry-run=server'],
      ...values('log.example.com', 'rekor.example.com'),
    );
    expect(kept).toMatchObject({ status: 0 });
    expect(kept.stdout).toContain('CREATETUF_REKOR_URL: https://log.example.com');
  });
});
