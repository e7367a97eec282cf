import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Rig } from '../../cluster/rig.ts';
import type { Benchmark } from '../benchmark.ts';
import type { Figure } from '../figure.ts';
import { condition } from './lanes.ts';
import { type Manifest, manifest, manifestsIn } from './manifests.ts';
import { openWatch, type Watch } from './watch.ts';

/** Jobs that both sides have, that wait for nothing, and the public Secret that each writes last. */
const pairs = [
  { title: 'createsecret', namespace: 'rekor-system', name: 'createsecret', last: 'rekor-pub-key' },
  { title: 'createcerts', namespace: 'fulcio-system', name: 'createcerts', last: 'fulcio-pub-key' },
];

interface JobManifest extends Manifest {
  readonly spec: { readonly template: { readonly spec: object } };
}

/** From the Job's object to what it is for. */
interface Times {
  readonly readable: number;
  readonly complete: number;
}

/** B4: one Job at a time on an idle cluster, ours and the peer's in turn, each with nothing there yet. */
export const jobs: Benchmark = {
  ids: ['B4'],
  title: 'one Job: from POST to its Secrets, and to Complete',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    const { cluster, profile, say } = bench;
    const count = bench.rounds ?? (profile === 'quick' ? 3 : 21);
    await cluster.apply(grounds);
    const watch = await openWatch(cluster, ['jobs', 'secrets']);
    try {
      const figures: Figure[] = [];
      for (const { title, namespace, name, last } of pairs) {
        const sides = {
          ours: jobOf(bench.manifests, namespace, name),
          ...(bench.peer && { peer: jobOf(bench.peer.manifests, namespace, name) }),
        };
        const read = { ours: [] as Times[], peer: [] as Times[] };
        for (let round = 0; round < count; round += 1) {
          const order = Object.keys(sides) as (keyof typeof read)[];
          for (const side of round % 2 === 0 ? order : order.reverse()) {
            const run = `${side}-${name}-${round}`;
            read[side].push(await once(cluster, watch, { job: sides[side]!, run, last }));
          }
        }
        figures.push(...figuresOf(title, read));
        say(`${title}: ${count} pairs`);
      }
      if (!bench.peer) bench.missing('Jobs of the peer', 'no --peer CHECKOUT was given');
      return figures;
    } finally {
      await watch.close();
      await cluster.kubectl('delete', 'namespace', place);
    }
  },
};

const place = 'bench-jobs';

/** A namespace where both sides may do what the peer asks for. */
const grounds = `
apiVersion: v1
kind: Namespace
metadata: {name: ${place}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: any, namespace: ${place}}
rules:
  - {apiGroups: [""], resources: [secrets, configmaps], verbs: [get, list, create, update, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: any, namespace: ${place}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: any}
subjects: [{kind: ServiceAccount, name: default, namespace: ${place}}]
`;

function jobOf(folder: string, namespace: string, name: string): JobManifest {
  return manifest(manifestsIn<JobManifest>(folder), 'Job', namespace, name);
}

async function once(
  cluster: Rig,
  watch: Watch,
  { job, run, last }: { job: JobManifest; run: string; last: string },
): Promise<Times> {
  await cluster.kubectl('delete', 'secrets', '--all', '-n', place);
  const from = watch.changes.length;
  const spec = { ...job.spec.template.spec, serviceAccountName: 'default' };
  await cluster.apply(
    stringify({
      ...job,
      metadata: { name: run, namespace: place },
      spec: { ...job.spec, template: { ...job.spec.template, spec } },
    }),
  );
  for (;;) {
    const seen = watch.changes.slice(from);
    const at = (kind: string, name: string, test: (one: (typeof seen)[number]) => boolean) =>
      seen.find((one) => one.object.kind === kind && one.object.metadata.name === name && test(one))
        ?.at;
    const failed = at('Job', run, ({ object }) => condition(object, 'Failed'));
    if (failed !== undefined) throw new Error(`the Job ${run} failed`);
    const posted = at('Job', run, () => true);
    const readable = at('Secret', last, ({ type }) => type !== 'DELETED');
    const complete = at('Job', run, ({ object }) => condition(object, 'Complete'));
    if (posted !== undefined && readable !== undefined && complete !== undefined) {
      // What a Job leaves to be cleaned up is not the next one's time.
      await cluster.kubectl('delete', 'job', run, '-n', place);
      await sleep(500);
      return { readable: readable - posted, complete: complete - posted };
    }
    await sleep(20);
  }
}

function figuresOf(
  title: string,
  { ours, peer }: { ours: readonly Times[]; peer: readonly Times[] },
): Figure[] {
  const of = (key: keyof Times) => ({
    ours: ours.map((times) => times[key]),
    ...(peer.length > 0 && { peer: peer.map((times) => times[key]) }),
  });
  return [
    {
      ...{ id: 'B4', title: `Job ${title}, POST to its Secrets readable`, unit: 'ms' },
      ...of('readable'),
      anchor: 'a Go Job 700–730, pod start alone 550–860',
      goals: [{ id: 'P6', of: 'ratio', atMost: 1.4 }],
    },
    {
      ...{ id: 'B4', title: `Job ${title}, POST to Complete`, unit: 'ms' },
      ...of('complete'),
      anchor: 'a Go Job 3,005–3,038; one that does nothing 2,992',
      goals: [{ id: 'P7', of: 'ratio', atMost: 1.1 }],
    },
  ];
}
