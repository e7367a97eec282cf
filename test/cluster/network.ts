import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mayReach, node, outside, type Source } from '../network/table.ts';
import { jobOf, ofKind, pods as shipped } from '../stack.ts';
import {
  type Inside,
  insideNode,
  insidePod,
  listening,
  openWorld,
  type Place,
  tryPlaces,
  type World,
} from './network-ground.ts';
import type { Rig } from './rig.ts';

const label = 'app.kubernetes.io/name';
const marked = 'sigstand.test/stranger';
const namespaces = ofKind('Namespace').map(({ metadata }) => metadata.name);
const [nodeAddress, apiService, dnsService] = ['10.200.0.1', '10.96.0.1', '10.96.0.10'];
const atOnce = 8;

/** Who tries, and what. */
interface Tries {
  readonly from: Source & { readonly inside: Inside };
  readonly places: readonly Place[];
}

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status: { readonly phase: string; readonly podIP?: string };
}

/**
 * Every port of every Pod, of the node and of the world, tried from every Pod, from one with each Job's labels, from a
 * stranger in each namespace, from the node and from outside; and the same without the policies. `out` has the folder
 * that was applied.
 */
export function describeNetwork(of: () => { cluster: Rig; out: string }): void {
  let world: World;
  let tries: Tries[];
  const policies = () => `${of().out}/manifests/05-network.yaml`;

  beforeAll(async () => {
    const { cluster } = of();
    [world] = await Promise.all([openWorld(cluster), cluster.apply(JSON.stringify(strangers()))]);
    await cluster.kubectl(
      ...['wait', '--for=condition=Ready', 'pods', '-A', '-l', marked, '--timeout=2m'],
    );
    tries = await everything(cluster, world);
  });
  afterAll(async () => {
    const { cluster } = of();
    await cluster.kubectl('apply', '-f', policies());
    await cluster.kubectl('delete', 'pods', '-A', '-l', marked, '--wait=false');
    await world?.close();
  });

  it('finds every port that a manifest names, and those beside them', () => {
    const found = new Set(
      tries.flatMap(({ places }) => places.map((to) => `${to.namespace}/${to.name} ${to.port}`)),
    );
    const named = shipped.flatMap(({ owner, labels, spec }) =>
      spec.containers.flatMap(({ ports = [] }: { ports?: { containerPort: number }[] }) =>
        ports.map((port) => `${owner.metadata.namespace}/${labels[label]} ${port.containerPort}`),
      ),
    );
    expect(named.length).toBeGreaterThan(8);
    expect([...found]).toEqual(expect.arrayContaining(named));
    expect([...found]).toContain('trillian-system/log-signer 8091');
  });

  it('lets through what the table in manifests/README.md says, and nothing else', async () => {
    const { open, closed } = count(tries, mayReach);
    process.stdout.write(`network: ${open + closed} flows, ${open} open and ${closed} closed\n`);
    expect({ open: open > 150, closed: closed > 400 }).toEqual({ open: true, closed: true });
    expect(await settle(tries, mayReach)).toEqual([]);
  }, 120_000);

  it('lets everything through where the policies are deleted, and denies again after an apply', async () => {
    const { cluster } = of();
    await cluster.kubectl('delete', '-f', policies());
    expect(await settle(tries, () => true)).toEqual([]);
    await cluster.kubectl('apply', '-f', policies());
    const few = tries.filter(({ from }) => from.name === 'stranger' || from === tries[0]?.from);
    expect(await settle(few, mayReach)).toEqual([]);
  }, 180_000);
}

type Expected = (from: Source, to: Place) => boolean;

/**
 * What differs from what is expected, when that does not change any more: a new Pod and a new policy take a moment to
 * arrive at the packet filter.
 */
async function settle(tries: readonly Tries[], expected: Expected): Promise<string[]> {
  const end = Date.now() + 45_000;
  let left = tries;
  for (;;) {
    const wrong = (await inTurns(left, (one) => differences(one, expected))).filter(
      ({ told }) => told.length > 0,
    );
    if (wrong.length === 0 || Date.now() > end) return wrong.flatMap(({ told }) => told);
    // What was right stays so: only the others are asked again.
    left = wrong.map(({ one }) => one);
    await sleep(300);
  }
}

async function differences(one: Tries, expected: Expected) {
  const { from, places } = one;
  const open = await tryPlaces(from.inside, places, 1_000);
  const told = places.flatMap((to, nth) => {
    if (open[nth] === expected(from, to)) return [];
    const [source, target] = [from, to].map(({ namespace, name }) => `${namespace}/${name}`);
    return [`${open[nth] ? 'open' : 'closed'}: ${source} -> ${target} ${to.port}/${to.protocol}`];
  });
  return { one, told };
}

/** As many at once as leave each of them its turn before its time is over. */
async function inTurns<T, R>(list: readonly T[], each: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...list.entries()];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        results[next[0]] = await each(next[1]);
      }
    }),
  );
  return results;
}

function count(tries: readonly Tries[], expected: Expected) {
  const all = tries.flatMap(({ from, places }) => places.map((to) => expected(from, to)));
  const open = all.filter(Boolean).length;
  return { open, closed: all.length - open };
}

async function everything(cluster: Rig, world: World): Promise<Tries[]> {
  const { items } = await cluster.get<{ items: Pod[] }>('pods', '-A');
  const pods = items.filter(takesPart).map(hostOf);
  const hosts = [...pods, { ...node, address: nodeAddress, inside: insideNode(cluster) }];
  const tcp = hosts.flatMap(({ inside, ...host }) =>
    listening(inside).map((port): Place => ({ ...host, port, protocol: 'tcp' })),
  );
  const places = [...tcp, ...services(pods), ...world.places];
  return [
    ...hosts.map((from) => ({
      from,
      places: places.filter((to) => to.address !== from.address),
    })),
    {
      from: { ...outside, inside: world.inside },
      // Nobody outside knows the way to a Service's address.
      places: tcp.filter(({ namespace }) => namespace !== undefined),
    },
  ];
}

function takesPart({ metadata, status }: Pod): boolean {
  const known = [...namespaces, 'kube-system'].includes(metadata.namespace);
  // One that ends still runs for seconds.
  if (metadata.deletionTimestamp) return false;
  return status.phase === 'Running' && (known || metadata.labels?.[marked] !== undefined);
}

function hostOf({ metadata: { namespace, name, uid, labels = {} }, status }: Pod) {
  const address = status.podIP ?? '';
  return { namespace, name: labels[label] ?? name, address, inside: insidePod(uid) };
}

/** The API server's and the DNS's addresses as Pods know them, and the DNS by the protocol that most ask it by. */
function services(pods: readonly (Source & { readonly address: string })[]): Place[] {
  const service = { namespace: 'kube-system', name: 'kube-dns', address: dnsService };
  const servers = pods.filter(({ namespace }) => namespace === 'kube-system');
  return [
    { name: 'kubernetes', address: apiService, port: 443, protocol: 'tcp' },
    { ...service, port: 53, protocol: 'tcp' },
    ...[service, ...servers].map(
      ({ namespace, name, address }): Place => ({
        ...(namespace === undefined ? {} : { namespace }),
        ...{ name, address, port: 53, protocol: 'udp' },
      }),
    ),
  ];
}

/** Pods that do nothing: with each Job's labels where it runs, of nobody, and with another's labels elsewhere. */
function strangers() {
  const doubles = shipped
    .filter(({ spec }) => jobOf(spec) !== undefined)
    .map(({ owner, labels }) => ({ namespace: owner.metadata.namespace!, labels }));
  const named = (namespace: string, name: string) => ({ namespace, labels: { [label]: name } });
  const all = [
    ...doubles,
    ...[...namespaces, 'default'].map((namespace) => named(namespace, 'stranger')),
    ...['rekor', 'createtree'].map((name) => named('default', name)),
  ];
  // A Job and its CronJob make the same Pod twice.
  const once = new Map(all.map((one) => [`${one.namespace}/${one.labels[label]}`, one]));
  const items = [...once.values()].map(({ namespace, labels }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `stranger-${labels[label]}`, namespace, labels: { ...labels, [marked]: '' } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'nothing',
          image: 'localhost/rig/pause:1',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }));
  return { apiVersion: 'v1', kind: 'List', items };
}
