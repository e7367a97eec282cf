import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderedFiles } from '../../scripts/chart/rendered.ts';
import { bringUp } from '../cluster/bring-up.ts';
import { openParty, type Party, sign, verify } from '../cluster/party.ts';
import { rig, run, waste } from '../cluster/rig.ts';
import { versions } from '../cluster/stack.ts';
import { binary } from '../programs/binaries.ts';
import { type Flux, startFlux } from './flux.ts';
import { describeServed } from './flux-served.ts';
import { byTag } from './on-rig.ts';
import { flags } from './sets.ts';

/* The manifests by Flux: its own controllers, and a registry that they take the files from. */

const cluster = rig(process.env.RIG ?? 'test');
let work = '';
let flux: Flux;
let party: Party;

/** The files of manifests/, and what differs from the defaults. */
async function files(more: object = {}): Promise<Record<string, string>> {
  return renderedFiles(binary('helm'), flags({ ...more, images: { names: await byTag() } }));
}

interface Live {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation?: number;
  };
}

const part = ['-A', '-l', 'app.kubernetes.io/part-of=sigstand'];
const workloads = 'jobs,cronjobs,deployments,statefulsets';

/** What Flux made, and which it is; of the workloads not what their controllers write down. */
async function made(kinds: string): Promise<Record<string, string>> {
  const { items } = await cluster.get<{ items: Live[] }>(kinds, ...part);
  return Object.fromEntries(
    items.map(({ kind, metadata }) => [
      `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      `${metadata.uid} ${metadata.generation ?? ''}`,
    ]),
  );
}

async function state(): Promise<object> {
  return { ...(await versions(cluster)), ...(await made(`namespaces,${workloads}`)) };
}

const secrets = async () =>
  Object.entries(await versions(cluster)).filter(([place]) => place.startsWith('Secret '));

async function signs(): Promise<void> {
  await sign(party);
  expect(await verify(party, party)).toMatchObject({ status: 0 });
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'sigstand-flux-'));
  await bringUp(cluster, work);
  flux = await startFlux(cluster, work);
});

afterAll(async () => {
  await party?.client.remove();
  await flux?.stop();
  await cluster.must(['down']);
  await rm(work, { recursive: true, force: true });
});

describe('the manifests by Flux', () => {
  it('come up, and sign', async () => {
    await flux.publish(await files());
    await flux.follow();
    const to = join(work, 'trust');
    const env = { ...cluster.env, SIGSTAND_OUT: join(work, 'out') };
    const exported = await run('npm', ['run', '--silent', 'export', '--', '--to', to], { env });
    expect(exported).toMatchObject({ status: 0 });
    party = await openParty(cluster, 'http://tuf.tuf-system.svc', join(to, '1.root.json'));
    await signs();
    const { failedPods, restarts } = await waste(cluster);
    expect({ failedPods, restarts }).toEqual({ failedPods: [], restarts: [] });
  });

  it('do not change in ten rounds', async () => {
    const before = await state();
    expect(Object.keys(before).length).toBeGreaterThan(120);
    for (let round = 0; round < 10; round += 1) {
      await flux.round();
      expect(await state()).toEqual(before);
    }
  });

  it('are put back where somebody changed them', async () => {
    const before = await made('services');
    await cluster.kubectl('delete', 'service', 'fulcio', '-n', 'fulcio-system');
    await flux.round();
    expect(Object.keys(await made('services'))).toEqual(Object.keys(before));
    await signs();
  });

  it('take a new version, with every Job anew and each key as it was', async () => {
    const [jobs, keys] = [await made('jobs'), await secrets()];
    expect(keys.length).toBeGreaterThan(10);
    await flux.publish(await files({ pods: { user: 65534 } }));
    await flux.round();
    const after = await made('jobs');
    expect(Object.keys(after)).toEqual(Object.keys(jobs));
    expect(Object.values(after).filter((one) => Object.values(jobs).includes(one))).toEqual([]);
    expect(await secrets()).toEqual(keys);
    await signs();
  });

  it('lose what is no longer in the files, but no namespace and no key', async () => {
    const [keys, namespaces] = [await secrets(), await made('namespaces')];
    const fewer = await files({ pods: { user: 65534 } });
    delete fewer['50-tsa.yaml'];
    const namespacesLeft = fewer['00-namespaces.yaml']!.split('---\n');
    fewer['00-namespaces.yaml'] = namespacesLeft
      .filter((one) => !one.includes('tsa-system'))
      .join('---\n');
    expect(fewer['00-namespaces.yaml']).not.toContain('tsa-system');
    await flux.publish(fewer);
    await flux.round();
    const left = await made(workloads);
    expect(Object.keys(left).filter((one) => one.includes(' tsa-system/'))).toEqual([]);
    expect(await made('namespaces')).toEqual(namespaces);
    expect(await secrets()).toEqual(keys);
    await flux.publish(await files({ pods: { user: 65534 } }));
    await flux.round();
    expect(await secrets()).toEqual(keys);
    await signs();
  });

  it('are gone with the Kustomization, but for the namespaces, the keys and the log', async () => {
    const [keys, namespaces] = [await secrets(), await made('namespaces')];
    const signed = { ...party };
    await flux.forget();
    expect(await made(workloads)).toEqual({});
    expect(await made('services')).toEqual({});
    expect(await made('namespaces')).toEqual(namespaces);
    expect(await secrets()).toEqual(keys);
    await flux.follow();
    expect(await secrets()).toEqual(keys);
    expect(await verify(party, signed)).toMatchObject({ status: 0 });
    await signs();
  });
});

describeServed({
  cluster,
  place: () => work,
  state,
  jobs: () => made('jobs'),
  secrets,
  async gone() {
    await flux.forget();
    await cluster.kubectl('delete', 'namespaces', ...part.slice(1), '--timeout=5m');
  },
});
