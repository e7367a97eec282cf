import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { tokenOf } from '../../programs/identity.ts';
import { kubeconfigAt } from '../../programs/kubeconfig.ts';
import { proxyName } from '../api-proxy.ts';
import { type Harness, openHarness } from '../harness.ts';
import { type LaneJob, openLane, withValues } from '../lane.ts';
import { figure, patience } from '../profile.ts';
import type { Fault } from '../requests.ts';
import { type JobRun, lastLine, lastLines, otherThan, runAll } from './all.ts';
import { openEmptyLane, plainOutlines, unbind } from './empty-lane.ts';
import { type Outage, openOutage } from './outage.ts';
import { startResolver } from './resolver.ts';

/*
 * What passes within half a minute, and what does not: all Jobs of the manifests at once, and all
 * faults at once, each in a lane of its own, because waiting costs time and nothing else.
 */

const second = 1_000;
const { kubeconfig } = inject('apiserver');
const config = kubeconfigAt(kubeconfig);
const adminToken = config.getCurrentUser()?.token ?? '';

let harness: Harness;
let outage: Outage;
let clean: string[];
const closing = new AsyncDisposableStack();
beforeAll(async () => {
  outage = await openOutage();
  closing.defer(outage.close);
  harness = await openHarness('waits', inject('apiserver'));
  closing.defer(harness.close);
  clean = plainOutlines(await harness.state(), 'waits');
});
const treeIds = new Set<string | undefined>();
afterAll(async () => {
  try {
    // The lanes share a Trillian, so it takes all of them to tell that no tree is left over.
    const unreferenced = await harness.unreferencedTrees();
    expect(unreferenced.filter((id) => !treeIds.has(id))).toEqual([]);
  } finally {
    await closing.disposeAsync();
  }
});

const openEmpty = async (name: string) => {
  const empty = await openEmptyLane(name, kubeconfig);
  closing.defer(async () => empty.close());
  /** What is wrong after a bring-up in it. */
  const faults = async (runs: readonly JobRun[]) => {
    const state = await empty.state();
    for (const { data } of state.values()) treeIds.add(data?.treeID);
    expect(plainOutlines(state, name)).toEqual(clean);
    return [...otherThan(0, runs), ...(await empty.faults())];
  };
  return { ...empty, faults };
};

const troubles: readonly Fault[] = [
  { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 503 },
];

it.concurrent('absorb half a minute of 429, 500 and 503 that begins with the first write', async () => {
  const { lane, faults } = await openEmpty('outage');
  let began = Number.POSITIVE_INFINITY;
  const met = new Map<string, number>();
  const runs = await runAll(harness, lane.jobs, ({ title }) => ({
    faults: ({ to, n, writes, what }) => {
      if (to !== 'kubernetes') return undefined;
      if (writes) began = Math.min(began, performance.now());
      const since = performance.now() - began;
      if (!(since >= 0 && since < 30 * second)) return undefined;
      const asked = `${title}: ${what}`;
      met.set(asked, (met.get(asked) ?? 0) + 1);
      return troubles[n % troubles.length];
    },
  }));
  expect(await faults(runs)).toEqual([]);
  // Each was in it, and none of them hammered.
  expect(new Set([...met.keys()].map((asked) => asked.split(':')[0])).size).toBe(lane.jobs.length);
  for (const asked of met.values()) expect(asked).toBeLessThan(30);
  for (const { ms } of runs) expect(ms).toBeGreaterThan(25 * second);
});

it.concurrent('outlive an API server that is killed at their first write, and comes back', () =>
  outage.kill());

it.concurrent('outlive an etcd that answers nothing for 20 s, and hold no request longer than 10 s', () =>
  outage.freeze());

it.concurrent('end with 77 where the rights do not come within half a minute', async () => {
  const { admin, jobs } = harness.lane;
  const namespaces = new Set(jobs.map(({ namespace }) => namespace));
  const tokens = new Map<string, string>();
  for (const namespace of namespaces) {
    const serviceAccount = 'without-rights';
    await admin.createNamespacedServiceAccount({
      namespace,
      body: { metadata: { name: serviceAccount } },
    });
    tokens.set(namespace, await tokenOf(admin, { namespace, serviceAccount }));
  }
  const runs = await runAll(harness, jobs, ({ namespace }) => ({
    token: tokens.get(namespace) ?? '',
  }));
  expect(otherThan(77, runs, { within: patience(38 * second) })).toEqual([]);
  for (const { title, stderr, ms, traffic } of runs) {
    expect(ms).toBeGreaterThan(29 * second);
    expect({ title, writes: traffic.writes }).toEqual({ title, writes: [] });
    const [, kind = '', place, name, resource] =
      /get (\w+) (\S+)\/(\S+): .* cannot get resource "(\w+)"/.exec(lastLine(stderr)) ?? [];
    expect(traffic.requests.map(({ what }) => what)).toContain(`get ${kind} ${place}/${name}`);
    expect(resource).toBe(`${kind.toLowerCase()}s`);
  }
});

it.concurrent('wait for a name server that answers nothing for 20 s', async () => {
  const resolver = await startResolver('127.53.0.1', 20 * second);
  closing.defer(resolver.stop);
  const runs = await runAll(harness, harness.lane.jobs, () => ({
    hostname: proxyName,
    under: resolver.under,
  }));
  expect(otherThan(0, runs, { within: patience(50 * second) })).toEqual([]);
  for (const { ms, traffic } of runs) {
    expect(ms).toBeGreaterThan(19 * second);
    expect(traffic.requests.length).toBeGreaterThan(0);
  }
  figure(`after 20 s without DNS, done in ${seconds(runs)} s`);
});

it.concurrent('wait for RoleBindings that come ten seconds late', async () => {
  const { lane, faults } = await openEmpty('unbound');
  await unbind(lane, kubeconfig);
  const running = runAll(harness, lane.jobs);
  await sleep(10 * second);
  expect((await harness.state()).size).toBeGreaterThan(0);
  await openLane('unbound', kubeconfig);
  const runs = await running;
  expect(await faults(runs)).toEqual([]);
  // By what each says: on a busy machine one starts when half of the time is over.
  for (const { stderr } of runs) expect(stderr).toMatch(/waiting: .* is forbidden/);
});

it.concurrent('wait for namespaces that come ten seconds late', async () => {
  const jobs = elsewhere(harness.lane.jobs, 'late');
  const running = runAll(harness, jobs, () => ({ token: adminToken }));
  await sleep(10 * second);
  const { faults } = await openEmpty('late');
  expect(await faults(await running)).toEqual([]);
});

// They wait three seconds. The others of this file start with them, before a load average tells of it.
const inTime = 20 * second;

it.concurrent('end with 69 where a namespace does not come in their time', async () => {
  const jobs = elsewhere(harness.lane.jobs, 'nowhere');
  const runs = await runAll(harness, jobs, () => ({ token: adminToken, args: ['--timeout=3s'] }));
  expect(otherThan(69, runs, { within: patience(inTime) })).toEqual([]);
  // On a busy machine Trillian may take three seconds to answer, and createtree asks it first.
  const named = /-nowhere|Trillian at .*DEADLINE_EXCEEDED/;
  for (const { stderr } of runs) expect(lastLine(stderr)).toMatch(named);
});

it.concurrent('say with 69 what they waited for, and how long', async () => {
  const { lane, state } = await openEmpty('held');
  const [wave = []] = harness.waves;
  const first = new Set(wave.map(({ title }) => title));
  const nobody = '--admin-server=127.0.0.1:1';
  const waiting = lane.jobs.filter(({ title, job }) => !first.has(title) || job === 'createtree');
  const runs = await runAll(harness, waiting, ({ job }) => ({
    args: ['--timeout=3s', ...(job === 'createtree' ? [nobody] : [])],
  }));
  expect(otherThan(69, runs, { within: patience(inTime) })).toEqual([]);
  expect(lastLines(runs)).toEqual({
    'rekor-system/createtree': expect.stringMatching(
      /Trillian at 127.0.0.1:1 did not come within 3 s; .+/,
    ),
    'ctlog-system/createtree': expect.stringMatching(
      /Trillian at 127.0.0.1:1 did not come within 3 s; .+/,
    ),
    'ctlog-system/createctconfig': expect.stringContaining(
      'ConfigMap ctlog-held/ctlog-config, treeID did not come within 3 s; ',
    ),
    'tuf-system/copysecrets': expect.stringMatching(/ did not come within 3 s; /),
    'tuf-system/createtuf': expect.stringMatching(/ did not come within 3 s; /),
  });
  const secrets = [...(await state()).keys()].filter((place) => place.startsWith('Secret'));
  // A log's key needs no tree, and may be made and copied in that time; on a busy machine it is not.
  const early = ['Secret ctlog-held/ctlog-key', 'Secret ctlog-held/ctlog-public-key'];
  const others = secrets.filter((place) => place !== 'Secret tuf-held/ctlog-public-key');
  expect(early).toEqual(expect.arrayContaining(others));
});

function elsewhere(jobs: readonly LaneJob[], name: string): LaneJob[] {
  return jobs.map((job) => ({
    ...job,
    env: withValues(job.env, (value) => value.replaceAll('-waits', `-${name}`)),
  }));
}

const seconds = (runs: readonly JobRun[]) =>
  (Math.max(...runs.map(({ ms }) => ms)) / second).toFixed(1);
