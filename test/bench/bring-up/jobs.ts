import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Rig } from '../../cluster/rig.ts';
import { type Manifest, manifestsIn } from '../../stack.ts';
import type { Benchmark } from '../benchmark.ts';
import { figureOf, inTurn, type Pairs } from '../cost/pairs.ts';
import type { Figure } from '../figure.ts';
import { condition } from './lanes.ts';
import { openWatch, type Watch } from './watch.ts';

/** Jobs that both sides have, that wait for nothing, and the public Secret that each writes last. */
const pairs = [
  { title: 'createsecret', namespace: 'rekor-system', name: 'createsecret', last: 'rekor-pub-key' },
  { title: 'createcerts', namespace: 'fulcio-system', name: 'createcerts', last: 'fulcio-pub-key' },
];

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
        const trial = (side: string, folder: string) => {
          const job = jobOf(folder, namespace, name);
          return (pair: number) =>
            once(cluster, watch, { job, run: `${side}-${name}-${pair}`, last });
        };
        const ours = trial('ours', bench.manifests);
        const peer = bench.peer && trial('peer', bench.peer.manifests);
        figures.push(...figuresOf(title, await inTurn(count, ours, peer)));
        say(`${title}: ${count} pairs`);
      }
      if (!bench.peer) bench.missing('Jobs of the peer', 'no --peer CHECKOUT of v0.7.31 was given');
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

function jobOf(folder: string, namespace: string, name: string): Manifest {
  const job = manifestsIn(folder).find(
    ({ kind, metadata }) =>
      kind === 'Job' && metadata.namespace === namespace && metadata.name === name,
  );
  if (!job) throw new Error(`no Job ${namespace}/${name} in the manifests`);
  return job;
}

async function once(
  cluster: Rig,
  watch: Watch,
  { job, run, last }: { job: Manifest; run: string; last: string },
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

function figuresOf(title: string, pairs: Pairs<Times>): Figure[] {
  return [
    figureOf(pairs, ({ readable }) => readable, {
      ...{ id: 'B4', title: `Job ${title}, POST to its Secrets readable`, unit: 'ms' },
      anchor: 'a Go Job 700–730, pod start alone 550–860',
      goals: [{ id: 'P6', of: 'ratio', atMost: 1.4 }],
    }),
    figureOf(pairs, ({ complete }) => complete, {
      ...{ id: 'B4', title: `Job ${title}, POST to Complete`, unit: 'ms' },
      anchor: 'a Go Job 3,005–3,038; one that does nothing 2,992',
      goals: [{ id: 'P7', of: 'ratio', atMost: 1.1 }],
    }),
  ];
}
