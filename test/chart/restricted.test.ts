import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart } from '../../scripts/chart/rendered.ts';
import { bringUp } from '../cluster/bring-up.ts';
import { openParty, type Party, sign, verify } from '../cluster/party.ts';
import { rig, run, waste } from '../cluster/rig.ts';
import { podsOf } from '../stack.ts';
import { byTag, helmOn } from './on-rig.ts';
import { quotas } from './restricted/quota.ts';
import { apiFlags, policies, project, rangeOf } from './restricted/scc.ts';
import { flags, objectsOf } from './sets.ts';

/* A stack where each namespace has users, a quota and limits of its own, as OpenShift's projects have them. */

const cluster = rig(process.env.RIG ?? 'test');
const namespaces = ['trillian', 'rekor', 'fulcio', 'ctlog', 'tsa', 'tuf'].map(
  (one) => `${one}-system`,
);
const servers = ['trillian/log-server', 'trillian/log-signer', 'rekor/rekor', 'fulcio/fulcio'];
const go = [...servers, 'ctlog/ctlog', 'tsa/tsa'].map((one) => one.split('/') as [string, string]);
let work = '';
let party: Party;

interface Running {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly containers: readonly Container[]; initContainers?: Container[] };
}
interface Container {
  readonly securityContext: { readonly runAsUser: number };
}

const apply = (objects: readonly object[]) =>
  cluster.apply(objects.map((object) => JSON.stringify(object)).join('\n---\n'));

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-restricted-'));
  await cluster.must(['up'], { env: { RIG_API_FLAGS: apiFlags } });
  await bringUp(cluster, work, 'sigstand');
  await apply([...policies, ...namespaces.map(project)]);
  await apply(quotas());
  // The policies are known to the API server in its own time.
  await refusedWithin(30_000);
  const values = {
    namespaces: { create: false },
    pods: { user: 0 },
    // Only when this file asks for it.
    status: { enabled: true, schedule: '0 0 29 2 *' },
    images: { names: await byTag() },
  };
  await helmOn(cluster, join(work, 'helm'), 'helm', 'install', 'one', chart, ...flags(values));
  const all = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand', '--timeout=10m'];
  await cluster.kubectl('wait', '--for=condition=Complete', 'jobs', ...all);
  await cluster.kubectl('wait', '--for=condition=Available', 'deployments', ...all);
  const to = join(work, 'trust');
  const env = { ...cluster.env, SIGSTAND_OUT: join(work, 'out') };
  const exported = await run('npm', ['run', '--silent', 'export', '--', '--to', to], { env });
  if (exported.status !== 0) throw new Error(exported.stderr);
  party = await openParty(cluster, 'http://tuf.tuf-system.svc', join(to, '1.root.json'));
});
afterAll(async () => {
  await party?.client.remove();
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

/** What the API server says of a Pod of ours with the user and group that the chart's defaults have. */
async function withFixedUser(): Promise<string> {
  const { objects } = await objectsOf('the defaults');
  const tuf = podsOf(objects).find(({ owner }) => owner.metadata.name === 'tuf')!;
  const { name, namespace } = { name: 'probe', namespace: 'tuf-system' };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: tuf.spec };
  const create = ['kubectl', 'create', '--dry-run=server', '-f', '-'];
  const { status, stderr } = await cluster.exec(create, { input: JSON.stringify(pod) });
  return status === 0 ? '' : stderr;
}

async function refusedWithin(patience: number): Promise<void> {
  const until = Date.now() + patience;
  let said = await withFixedUser();
  while (!said.includes('restricted-v2') && Date.now() < until) said = await withFixedUser();
  if (!said.includes('restricted-v2')) throw new Error(`the policies let it pass: ${said}`);
}

/** Events of what a quota or a limit refused. */
async function refused(): Promise<string[]> {
  type Events = { items: { reason: string; message: string }[] };
  const { items } = await cluster.get<Events>('events', '-A');
  return items
    .filter(({ reason, message }) => reason === 'FailedCreate' || /exceeded quota/.test(message))
    .map(({ message }) => message);
}

async function signs(): Promise<void> {
  await sign(party);
  expect(await verify(party, party)).toMatchObject({ status: 0 });
}

describe('a stack under users of the cluster’s choice, in quotas that leave nothing over', () => {
  it('comes up without a failed Pod, a restart, or a Pod that was refused', async () => {
    const { failedPods, restarts } = await waste(cluster);
    expect({ failedPods, restarts, refused: await refused() }).toEqual({
      failedPods: [],
      restarts: [],
      refused: [],
    });
  });

  it('runs each container as a user of its namespace, whom no image knows', async () => {
    const label = ['-l', 'app.kubernetes.io/part-of=sigstand'];
    const { items } = await cluster.get<{ items: Running[] }>('pods', '-A', ...label);
    expect(items.length).toBeGreaterThan(15);
    for (const { metadata, spec } of items) {
      const { first } = rangeOf(namespaces.indexOf(metadata.namespace));
      const users = [...spec.containers, ...(spec.initContainers ?? [])].map(
        ({ securityContext }) => securityContext.runAsUser,
      );
      expect([metadata.name, ...new Set(users)]).toEqual([metadata.name, first]);
    }
    const id = ['exec', '-n', 'trillian-system', 'mysql-trillian-0', '--', 'id'];
    expect(await cluster.kubectl(...id)).toMatch(
      /^uid=1000650000 gid=0\(root\) groups=.*1000650000/,
    );
  });

  it('refuses what names a user of its own', async () => {
    expect(await withFixedUser()).toMatch(/restricted-v2: runAsUser is not in the range/);
  });

  it('signs, and verifies', async () => {
    await signs();
  });

  it('rolls every Deployment, and runs createtuf again, within the same quotas', async () => {
    for (const namespace of namespaces) {
      await cluster.kubectl('rollout', 'restart', 'deployment', '-n', namespace);
    }
    await rolledOut();
    const again = ['job', 'again', '-n', 'tuf-system'];
    await cluster.kubectl('create', ...again, '--from=cronjob/createtuf');
    await cluster.kubectl(
      ...['wait', '-n', 'tuf-system', 'job/again', '--for=condition=Complete', '--timeout=2m'],
    );
    expect(await refused()).toEqual([]);
    await signs();
  });

  it('looks at itself without a token, remembers what it saw, and fails where a link is broken', async () => {
    const first = await lookAt('first', 'Complete');
    expect(first).not.toMatch(/^(FAIL|WARN)/m);
    expect(first).toMatch(/^ok +rekor-key /m);
    expect(first).toMatch(/^ok +rekor-tree .*; it was not seen before$/m);
    await signs();
    expect(await lookAt('second', 'Complete')).toMatch(
      /^ok +rekor-tree .* entries, the \d+ that were seen first$/m,
    );
    await cluster.kubectl('scale', 'deployment/tsa', '-n', 'tsa-system', '--replicas=0');
    await cluster.kubectl('wait', '--for=delete', 'pods', '-n', 'tsa-system', '-l', tsa);
    expect(await lookAt('third', 'Failed')).toMatch(/^FAIL +address +http:\/\/tsa\.tsa-system/m);
    await cluster.kubectl('scale', 'deployment/tsa', '-n', 'tsa-system', '--replicas=1');
    await rolledOut();
    await lookAt('fourth', 'Complete');
  });

  it('signs and verifies with Go’s servers in their FIPS 140 mode', async () => {
    for (const [system, name] of go) {
      const which = [`deployment/${name}`, '-n', `${system}-system`];
      await cluster.kubectl('set', 'env', ...which, 'GODEBUG=fips140=on');
    }
    await rolledOut();
    await signs();
    expect((await waste(cluster)).restarts).toEqual([]);
  });
});

const tsa = 'app.kubernetes.io/name=tsa';

/** Runs the CronJob that looks at the stack, to how it ends; resolves to what it says. */
async function lookAt(name: string, end: 'Complete' | 'Failed'): Promise<string> {
  const job = [`job/look-${name}`, '-n', 'tuf-system'];
  await cluster.kubectl(
    ...['create', 'job', `look-${name}`, '-n', 'tuf-system', '--from=cronjob/status'],
  );
  const wait = ['--for=jsonpath={.status.conditions[-1:].status}=True', '--timeout=2m'];
  await cluster.kubectl('wait', ...job, ...wait);
  const said = await cluster.kubectl('logs', ...job);
  type Job = { status: { conditions: { type: string; status: string }[] } };
  const { status } = await cluster.get<Job>(...job);
  expect([status.conditions.at(-1)?.type, said]).toEqual([end, said]);
  return said;
}

async function rolledOut(): Promise<void> {
  for (const namespace of namespaces) {
    await cluster.kubectl('rollout', 'status', 'deployment', '-n', namespace, '--timeout=5m');
  }
}
