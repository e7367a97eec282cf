import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart } from '../../scripts/chart/rendered.ts';
import { bringUp } from '../cluster/bring-up.ts';
import { expectApart, openParty, type Party, sign, verify } from '../cluster/party.ts';
import { rig, run, waste } from '../cluster/rig.ts';
import { versions } from '../cluster/stack.ts';
import { byTag, helmOn } from './on-rig.ts';
import { flags } from './sets.ts';

/* Two releases in one cluster, by two versions of Helm: all six namespaces under a prefix, and one namespace for all. */

const cluster = rig(process.env.RIG ?? 'test');
let work = '';

/** A release, how it is made, and a client that trusts it alone. */
interface Release {
  readonly name: string;
  readonly helm: string;
  readonly values: object;
  readonly tuf: string;
  readonly mirror: string;
}

const releases: readonly Release[] = [
  {
    name: 'stg',
    helm: 'helm',
    values: {
      namespaces: { prefix: 'stg-' },
      instance: 'stg',
      cluster: { domain: 'cluster.local' },
      pods: {
        priorityClassName: 'signing',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
        user: 65533,
      },
      rekor: { hostname: 'rekor.example.com' },
      resources: { rekor: { limits: { memory: '1536Mi' } } },
    },
    tuf: 'stg-tuf-system',
    mirror: 'http://tuf.stg-tuf-system.svc.cluster.local',
  },
  {
    name: 'one',
    helm: 'helm3',
    values: { namespaces: { single: 'all-in-one' }, instance: 'one' },
    tuf: 'all-in-one',
    mirror: 'http://tuf.all-in-one.svc',
  },
];

const helm = ({ helm: program }: Release, ...args: string[]) =>
  helmOn(cluster, join(work, 'helm'), program, ...args);

async function install(
  release: Release,
  verb: 'install' | 'upgrade',
  more: object = {},
): Promise<void> {
  const values = { ...release.values, ...more, images: { names: await byTag() } };
  await helm(release, verb, release.name, chart, ...flags(values));
}

async function upAndRunning({ name }: Release): Promise<void> {
  const label = ['-A', '-l', `app.kubernetes.io/instance=${name}`, '--timeout=10m'];
  await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', ...label);
  await cluster.kubectl('wait', '--for=condition=Available', 'deployments', ...label);
}

/** A client with nothing but what npm run export gave it. */
async function partyOf({ name, tuf, mirror }: Release): Promise<Party> {
  const to = join(work, `${name}-trust`);
  const exported = await run(
    'npm',
    ['run', '--silent', 'export', '--', '--namespace', tuf, '--to', to],
    { env: { ...cluster.env, SIGSTAND_OUT: join(work, 'out') } },
  );
  if (exported.status !== 0) throw new Error(exported.stderr);
  return openParty(cluster, mirror, join(to, '1.root.json'));
}

/** What is there of one release, and its versions. */
async function objectsOf(namespace: string): Promise<Record<string, string>> {
  const all = Object.entries(await versions(cluster));
  return Object.fromEntries(all.filter(([place]) => place.includes(` ${namespace}`)));
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-chart-'));
  await bringUp(cluster, work);
  await cluster.kubectl('create', 'priorityclass', 'signing', '--value=1000');
  for (const release of releases) await install(release, 'install');
  await Promise.all(releases.map(upAndRunning));
});

const parties: Party[] = [];
afterAll(async () => {
  await Promise.all(parties.map(({ client }) => client.remove()));
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('two releases of the chart, in one cluster', () => {
  it('come up without a failed Pod and without a restart', async () => {
    const { failedPods, restarts } = await waste(cluster);
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
  });

  it('run where the values want it, as the user that they name', async () => {
    const { items } = await cluster.get<{ items: { spec: Record<string, unknown> }[] }>(
      ...['pods', '-A', '-l', 'app.kubernetes.io/instance=stg'],
    );
    expect(items.length).toBeGreaterThan(15);
    for (const { spec } of items) {
      expect(spec).toMatchObject({
        priority: 1000,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        securityContext: { runAsUser: 65533 },
      });
    }
  });

  it('sign both, and neither verifies what the other signed', async () => {
    for (const release of releases) parties.push(await partyOf(release));
    for (const party of parties) await sign(party);
    const [first, second] = parties as [Party, Party];
    await expectApart(first, second);
  });

  it('keep the timestamp authority’s key from createtuf, in one namespace too', async () => {
    const who = 'system:serviceaccount:all-in-one:createtuf';
    const ask = (secret: string) =>
      cluster.exec([
        'kubectl',
        'auth',
        'can-i',
        'get',
        `secret/${secret}`,
        '-n',
        'all-in-one',
        '--as',
        who,
      ]);
    expect(await ask('tsa-cert-chain')).toMatchObject({ status: 1 });
    expect(await ask('trusted-tsa-cert-chain')).toMatchObject({ status: 0 });
  });

  it('are unchanged by an upgrade to the same values', async () => {
    const before = await versions(cluster);
    for (const release of releases) await install(release, 'upgrade');
    expect(await versions(cluster)).toEqual(before);
  });

  it('take other values, with their Jobs run anew and their keys as they were', async () => {
    const secrets = async () =>
      Object.entries(await versions(cluster)).filter(([place]) => place.startsWith('Secret '));
    const before = await secrets();
    expect(before.length).toBeGreaterThan(20);
    for (const [index, release] of releases.entries()) {
      const jobs = await jobsOf(release);
      await install(release, 'upgrade', { pods: { user: 65534 } });
      await upAndRunning(release);
      const anew = await jobsOf(release);
      expect(Object.keys(anew)).toEqual(Object.keys(jobs));
      expect(Object.values(anew).filter((uid) => Object.values(jobs).includes(uid))).toEqual([]);
      await rolledOut(release);
      const party = parties[index]!;
      await sign(party);
      expect(await verify(party, party)).toMatchObject({ status: 0 });
    }
    expect(await secrets()).toEqual(before);
  });

  it('are taken away, all but the namespaces, and come back with their keys and their log', async () => {
    const [stg] = releases as [Release, Release];
    const before = await objectsOf('all-in-one');
    expect(Object.keys(before).length).toBeGreaterThan(50);
    const keys = await secretsOf('stg-');
    expect(Object.keys(keys).length).toBeGreaterThan(10);
    const [first] = parties as [Party, Party];
    await sign(first);
    await helm(stg, 'uninstall', stg.name);
    expect(await objectsOf('all-in-one')).toEqual(before);
    await noPodsIn('stg-trillian-system');
    expect(await secretsOf('stg-')).toEqual(keys);
    await install(stg, 'install');
    await upAndRunning(stg);
    expect(await secretsOf('stg-')).toEqual(keys);
    expect(await verify(first, first)).toMatchObject({ status: 0 });
    await sign(first);
    expect(await verify(first, first)).toMatchObject({ status: 0 });
  });

  it('are taken away for good with their namespaces: the other goes on', async () => {
    const [stg] = releases as [Release, Release];
    const before = await objectsOf('all-in-one');
    await helm(stg, 'uninstall', stg.name);
    // As docs/gitops.md has it. The database takes a minute to end.
    await cluster.kubectl(
      ...['delete', 'namespace', '-l', 'app.kubernetes.io/instance=stg', '--timeout=3m'],
    );
    expect(await objectsOf('stg-')).toEqual({});
    expect(await objectsOf('all-in-one')).toEqual(before);
    const [, second] = parties as [Party, Party];
    await sign(second);
    expect(await verify(second, second)).toMatchObject({ status: 0 });
  });
});

/** The Secrets of one release, and their versions. */
async function secretsOf(namespace: string): Promise<Record<string, string>> {
  const all = Object.entries(await objectsOf(namespace));
  return Object.fromEntries(all.filter(([place]) => place.startsWith('Secret ')));
}

async function jobsOf({ name }: Release): Promise<Record<string, string>> {
  type Jobs = { items: { metadata: { namespace: string; name: string; uid: string } }[] };
  const label = `app.kubernetes.io/instance=${name}`;
  const { items } = await cluster.get<Jobs>('jobs', '-A', '-l', label);
  const once = items.filter(({ metadata }) => !/^createtuf-\d+$/.test(metadata.name));
  return Object.fromEntries(
    once.map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.uid]),
  );
}

/** All of it: Rekor signs nothing while the database behind it has not come back. */
async function rolledOut({ name }: Release): Promise<void> {
  type All = { items: { kind: string; metadata: { namespace: string; name: string } }[] };
  const label = `app.kubernetes.io/instance=${name}`;
  const { items } = await cluster.get<All>('deployments,statefulsets', '-A', '-l', label);
  for (const { kind, metadata } of items) {
    const which = [`${kind}/${metadata.name}`, '-n', metadata.namespace];
    await cluster.kubectl('rollout', 'status', ...which, '--timeout=3m');
  }
}

/** The database takes a minute to end. */
async function noPodsIn(namespace: string): Promise<void> {
  await cluster.kubectl('wait', '--for=delete', 'pods', '--all', '-n', namespace, '--timeout=3m');
}
