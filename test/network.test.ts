import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createTree } from '@sigstand/createtree/job';
import { memoryTrillian, newToken } from '@sigstand/createtree/testing';
import { runJob } from '@sigstand/job/testing';
import { memoryStore } from '@sigstand/store/memory';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { argsInPod, type JobPod, jobPods, jobs, oncePods } from './jobs.ts';
import { mutants } from './network/mutants.ts';
import { addressesIn, type Needs, needsOfAll, type Seen } from './network/needs.ts';
import { type End, evaluate, type Policy, policies } from './network/policies.ts';
import * as others from './network/report.ts';
import { mayReach, node, rowsOf, type Source, table } from './network/table.ts';
import { type Manifest, ofKind, pods } from './stack.ts';

let needs: Needs[];
let report: (policies: readonly Policy[]) => string[];
const seen: Seen = new Map();
const sockets: unknown[] = [];

beforeAll(async () => {
  // All Jobs at once on one store, as one apply starts them: what they write is what the servers are told.
  const store = memoryStore();
  const connect = vi.spyOn(Socket.prototype, 'connect');
  const ended = await Promise.all(oncePods.map((pod) => run(pod, store)));
  sockets.push(...connect.mock.calls);
  connect.mockRestore();
  expect(ended.filter(({ status }) => status !== 0)).toEqual([]);
  needs = await needsOfAll(store, seen);
  report = others.judge(needs);
}, 60_000);

function run(pod: JobPod, store: ReturnType<typeof memoryStore>) {
  const { trillian } = memoryTrillian();
  const connect = (address: string) => {
    seen.set(`${pod.namespace}/${pod.job}`, address);
    return trillian;
  };
  const job = pod.job === 'createtree' ? createTree({ connect, newToken }) : jobs[pod.job]!();
  return runJob(job, store, { args: [...argsInPod(pod), '--timeout=40s'], env: pod.env });
}

describe('what Pods need of the network', () => {
  it('is read from what they are told and what their Jobs do', () => {
    const servers = needs.flatMap(({ end, servers }) =>
      servers.map(({ name, port }) => `${end.name} -> ${name} ${port}`),
    );
    const logServer = 'trillian-system/log-server 8090';
    const database = 'trillian-system/mysql-trillian 3306';
    expect([...new Set(servers)].sort()).toEqual([
      `ctlog-system/createtree -> ${logServer}`,
      `ctlog-system/ctlog -> ${logServer}`,
      'fulcio-system/fulcio -> ctlog-system/ctlog 6962',
      `rekor-system/createtree -> ${logServer}`,
      `rekor-system/rekor -> ${logServer}`,
      `rekor-system/rekor -> ${database}`,
      `trillian-system/log-server -> ${database}`,
      `trillian-system/log-signer -> ${database}`,
    ]);
  });

  it('is the API server for Jobs, an issuer for Fulcio, and nothing for the database, TSA and TUF servers', () => {
    const https = needs.filter((one) => one.https).map(({ end }) => end.name);
    const jobNames = jobPods.map(({ namespace, job }) => `${namespace}/${job}`);
    expect(https.sort()).toEqual([...new Set([...jobNames, 'fulcio-system/fulcio'])].sort());
    const silent = needs.filter(({ dns }) => !dns).map(({ end }) => end.name);
    expect(silent.sort()).toEqual([
      'trillian-system/mysql-trillian',
      'tsa-system/tsa',
      'tuf-system/tuf',
    ]);
  });

  it('is nothing that a Job reaches behind its store and Trillian', () => {
    expect(sockets).toEqual([]);
  });

  it('is found in every form in which a manifest names an address', () => {
    const found = (text: string) => addressesIn(text).map(({ host, port }) => `${host} ${port}`);
    expect(found('--uri=$(U):$(P)@tcp(a.b.svc:3306)/$(D)')).toEqual(['a.b.svc 3306']);
    expect(found('--x.address=a.b.svc\n--x.port=81\n--y.port=82')).toEqual(['a.b.svc 81']);
    expect(found('mariadb-admin --host=a.b.svc')).toEqual(['a.b.svc 3306']);
    expect(found('http://a.b.svc/path https://c.example')).toEqual(['a.b.svc 80', 'c.example 443']);
    expect(found('a.b.svc.cluster.local:1, d.json e.example')).toEqual(['a.b.svc.cluster.local 1']);
  });
});

describe('the NetworkPolicies', () => {
  it('deny everything by default, both ways, in every namespace', () => {
    const denied = policies
      .filter(({ spec }) => JSON.stringify(spec.podSelector) === '{}')
      .map(({ metadata, spec }) => [metadata.namespace, spec]);
    const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
    expect(denied).toEqual(ofKind('Namespace').map(({ metadata }) => [metadata.name, spec]));
  });

  it('allow what the Pods need and clients ask for, at both ends, and nothing else', () => {
    expect(needs.length).toBe(
      new Set(pods.map(({ owner: { metadata } }) => `${metadata.namespace}/${metadata.name}`)).size,
    );
    expect(report(policies)).toEqual([]);
  });

  it('are one file of the first stage, so that they come first or are left out as one', () => {
    const path = join(import.meta.dirname, '../manifests/05-network.yaml');
    const file = parseAllDocuments(readFileSync(path, 'utf8')).map((one) => one.toJS() as Manifest);
    expect(file).toEqual(ofKind('NetworkPolicy'));
    expect(new Set(file.map((one) => one.metadata.labels?.['sigstand.dev/stage']))).toEqual(
      new Set(['1']),
    );
  });
});

describe('the table in manifests/README.md', () => {
  const sourceOf = ({ name, pod }: End): Source =>
    pod === undefined
      ? { name }
      : { namespace: pod.namespace, name: pod.labels['app.kubernetes.io/name'] ?? name };
  const { dnsServer, doubleOf, outside, stranger, strays } = others;

  /** Every flow on which the table and the policies differ, and how many there are. */
  function differences() {
    const { sends, receives } = evaluate(policies);
    const ends = needs.map(({ end }) => end);
    const ports = [...new Set(ends.flatMap(({ pod }) => Object.values(pod!.ports)))];
    const numbers = [...ports, 8091, 53, 80, 443, 6443];
    const flows = [...ends, ...strays, ...ends.map(doubleOf), stranger, outside].flatMap((from) =>
      [...ends, dnsServer, outside].flatMap((to) =>
        (['tcp', 'udp'] as const).flatMap((protocol) =>
          numbers.map((port) => ({ from, to, port, protocol })),
        ),
      ),
    );
    const wrong = flows
      // A Pod speaks to itself without the network.
      .filter(({ from, to }) => from !== to)
      .filter(({ from, to, port, protocol }) => {
        const wire = { protocol: protocol === 'tcp' ? 'TCP' : 'UDP', port } as const;
        const allowed = sends(from, to)(wire) && receives(from, to)(wire);
        return allowed !== mayReach(sourceOf(from), { ...sourceOf(to), port, protocol });
      });
    return {
      flows: flows.length,
      wrong: wrong.map(
        ({ from, to, port, protocol }) => `${from.name} -> ${to.name} ${port}/${protocol}`,
      ),
    };
  }

  it('says what the policies allow, and all of it', () => {
    const { flows, wrong } = differences();
    expect(flows).toBeGreaterThan(10_000);
    expect(wrong).toEqual([]);
  });

  it('has no row that allows nothing', () => {
    const server = { namespace: 'trillian-system', name: 'log-server', protocol: 'tcp' } as const;
    expect(table.length).toBeGreaterThan(5);
    expect(mayReach(node, { ...server, port: 8091 })).toBe(true);
    expect(mayReach({ namespace: 'rekor-system', name: 'rekor' }, { ...server, port: 8090 })).toBe(
      true,
    );
    expect(mayReach({ namespace: 'default', name: 'rekor' }, { ...server, port: 8090 })).toBe(
      false,
    );
  });

  it('is followed by a policy that lets Prometheus to Rekor’s metrics, and nobody else', () => {
    const page = readFileSync(join(import.meta.dirname, '../manifests/README.md'), 'utf8');
    const [block = ''] = /^ {6}apiVersion: networking[^\n]*\n(?: {6}.*\n)+/m.exec(page) ?? [];
    const { receives } = evaluate([...policies, parse(block) as Policy]);
    const rekor = needs.find(({ end }) => end.name === 'rekor-system/rekor')!.end;
    const at = { protocol: 'TCP', port: 2112 } as const;
    const prometheus = { name: 'p', pod: { namespace: 'monitoring', labels: {}, ports: {} } };
    expect(receives(prometheus, rekor)(at)).toBe(true);
    expect(receives(stranger, rekor)(at)).toBe(false);
    expect(evaluate(policies).receives(prometheus, rekor)(at)).toBe(false);
  });

  it.each([
    ['another Pod', '| rekor, reekor | tuf 8080 |'],
    ['no port', '| rekor | tuf |'],
    ['another cell', '| rekor | tuf 8080 | tsa 3000 |'],
  ])('is refused where a row has %s', (_what, row) => {
    const page = `| from | to, by the Pod's port |\n| --- | --- |\n${row}\n\n`;
    expect(() => rowsOf(page)).toThrow('not understood');
    expect(() => rowsOf('')).toThrow('no table');
  });
});

/** The policies with one of them changed. */
function changed(namespace: string, name: string, change: (spec: Policy['spec']) => object) {
  const index = policies.findIndex(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
  );
  const policy = policies[index]!;
  const spec = { ...policy.spec, ...change(policy.spec) };
  return report(policies.with(index, { ...policy, spec }));
}

describe('a policy that is wrong is reported', () => {
  it('as what is missing, where a rule was dropped', () => {
    expect(
      changed('fulcio-system', 'fulcio', ({ egress }) => ({ egress: egress!.slice(1) })),
    ).toEqual(['needed, not allowed: fulcio-system/fulcio -> ctlog-system/ctlog TCP 6962']);
    expect(changed('trillian-system', 'log-server', () => ({ ingress: [] }))).toContain(
      'needed, not allowed: ctlog-system/createtree -> trillian-system/log-server TCP 8090',
    );
  });

  it('as what nobody needs, where a rule is too wide', () => {
    const open = changed('trillian-system', 'mysql-trillian', () => ({ ingress: [{}] }));
    expect(open).toContain(
      'allowed, not needed: default/client -> trillian-system/mysql-trillian TCP 3306',
    );
    const everywhere = changed('tuf-system', 'dns', () => ({ egress: [{}] }));
    expect(everywhere).toContain('allowed, not needed: tuf-system/createtuf -> outside TCP 9');
  });

  it('where one end alone allows more', () => {
    const peer = { namespaceSelector: {}, podSelector: { matchLabels: { app: 'stray' } } };
    const ingress = [{ from: [peer], ports: [{ protocol: 'TCP', port: 8091 }] }];
    expect(
      changed('trillian-system', 'log-signer', () => ({
        policyTypes: ['Ingress', 'Egress'],
        ingress,
      })),
    ).toContain('allowed at one end only: tsa-system/stray -> trillian-system/log-signer TCP 8091');
  });

  it("where it names the Service's port and not the Pod's", () => {
    const to = [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'log-server' } } }];
    const egress = [{ to, ports: [{ protocol: 'TCP', port: 80 }] }];
    expect(changed('ctlog-system', 'ctlog', () => ({ egress }))).toContain(
      'needed, not allowed: ctlog-system/ctlog -> trillian-system/log-server TCP 8090',
    );
  });

  it('whatever part of it is left out', () => {
    const all = mutants(policies);
    expect(all.length).toBeGreaterThan(300);
    const unseen = all.filter((mutant) => report(mutant.policies).length === 0);
    expect(unseen.map(({ title }) => title)).toEqual([]);
  }, 120_000);
});

describe('the evaluation of a policy', () => {
  const end = (name: string, namespace: string, ports = {}): End => ({
    name,
    pod: { namespace, labels: { app: name }, ports },
  });
  const [client, server] = [end('client', 'one'), end('server', 'two', { http: 8080 })];
  const http = { protocol: 'TCP', port: 8080 } as const;
  const policy = (spec: object): Policy => ({
    metadata: { name: 'p', namespace: 'two' },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ...spec },
  });
  const receives = (...list: object[]) => evaluate(list.map(policy)).receives(client, server)(http);

  it('lets everything through to a Pod that no policy selects', () => {
    expect(receives()).toBe(true);
    expect(receives({ podSelector: { matchLabels: { app: 'other' } } })).toBe(true);
    expect(receives({ policyTypes: ['Egress'] })).toBe(true);
  });

  it('lets through what any of several policies allows', () => {
    expect(receives({})).toBe(false);
    expect(receives({}, { ingress: [{ ports: [{ port: 'http' }] }] })).toBe(true);
  });

  it('takes a peer without a namespace selector as of its own namespace', () => {
    const app = { matchLabels: { app: 'client' } };
    const inOne = { matchLabels: { 'kubernetes.io/metadata.name': 'one' } };
    expect(receives({ ingress: [{ from: [{ podSelector: app }] }] })).toBe(false);
    expect(
      receives({ ingress: [{ from: [{ podSelector: app, namespaceSelector: inOne }] }] }),
    ).toBe(true);
  });

  it('takes missing and empty lists of peers and ports as all of them', () => {
    expect(receives({ ingress: [{ from: [], ports: [] }] })).toBe(true);
    expect(receives({ ingress: [{ ports: [{ protocol: 'TCP' }] }] })).toBe(true);
    expect(receives({ ingress: [{ ports: [{ protocol: 'UDP' }] }] })).toBe(false);
  });

  it.each([
    ['In', ['client'], true],
    ['NotIn', ['client'], false],
    ['Exists', undefined, true],
    ['DoesNotExist', undefined, false],
  ])('knows the operator %s', (operator, values, expected) => {
    const podSelector = { matchExpressions: [{ key: 'app', operator, values }] };
    expect(receives({ ingress: [{ from: [{ podSelector, namespaceSelector: {} }] }] })).toBe(
      expected,
    );
  });

  it('refuses to guess about a peer that it does not know', () => {
    const from = [{ ipBlock: { cidr: '192.0.2.0/24' } }];
    expect(() => receives({ ingress: [{ from }] })).toThrow('not understood: ipBlock');
  });
});
