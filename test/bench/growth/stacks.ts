import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredObject } from '../../faults/history.ts';
import type { Bench, Benchmark } from '../benchmark.ts';
import type { Figure, Goal } from '../figure.ts';
import { crossTalk } from './cross-talk.ts';
import { byStack, conflictsIn, type Outcome, stackNamed, trialLabel } from './stack-manifests.ts';
import { stacksAsProcesses } from './stack-processes.ts';

const none: Goal = { id: 'P19', of: 'max', atMost: 0 };
const inTime: Goal = { id: 'P19', of: 'max', atMost: 60 };
const patience = '20m';

/** B12: the Jobs of many stacks at once, each stack in namespaces of its own. */
export const growthStacks: Benchmark = {
  ids: ['B12'],
  title: 'many stacks side by side, Jobs only',
  ground: 'stack',
  profiles: ['quick', 'full'],
  async run(bench) {
    const figures: Figure[] = [];
    const full = bench.profile === 'full';
    for (const count of full ? [1, 10, 50] : [1, 10]) {
      bench.say(`B12 ${count} stacks as Pods`);
      figures.push(...figuresOf(await asPods(bench, count), { count, as: 'Pods' }));
    }
    if (full) {
      bench.say('B12 50 stacks as processes');
      const work = join(bench.work, 'growth-stacks');
      await mkdir(work);
      figures.push(...figuresOf(await stacksAsProcesses(work, 50), { count: 50, as: 'processes' }));
    }
    return figures;
  },
};

const grounds = {
  Pods: 'Jobs of the cluster; its node takes 110 Pods at once; one log server for all stacks',
  processes:
    'at most 110 processes at once, on a kube-apiserver and a Trillian of their own, without kubelet and containers',
} as const;

function figuresOf(
  { seconds, failed, conflicts, crossed }: Outcome,
  { count, as }: { count: number; as: keyof typeof grounds },
): Figure[] {
  const figure = (what: string, unit: string, value: number, goals: readonly Goal[]): Figure => ({
    ...{ id: 'B12', title: `${count} stacks, Jobs as ${as}: ${what}`, unit, ours: [value] },
    ...(goals.length > 0 && { goals }),
    note: crossed.length > 0 ? crossed.slice(0, 3).join('; ') : grounds[as],
  });
  return [
    figure('all done after', 's', seconds, count === 50 ? [inTime] : []),
    figure('runs that failed', '', failed, [none]),
    figure('answers 409 for Secrets and ConfigMaps', '', conflicts, [none]),
    figure('faults and cross-talk in what is stored', '', crossed.length, [none]),
  ];
}

async function asPods({ cluster }: Bench, count: number): Promise<Outcome> {
  const trial = `b12-${count}`;
  const names = Array.from({ length: count }, (_, index) => `${trial}-${index + 1}`);
  const stacks = names.map((name) => stackNamed(name, trial));
  const list = (items: readonly object[]) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const ours = ['-A', '-l', `${trialLabel}=${trial}`];
  const conflicts = async () => conflictsIn(await cluster.kubectl('get', '--raw', '/metrics'));
  const applied = ['apply', '--server-side', '-f', '-'];
  try {
    const ground = list(stacks.flatMap((stack) => stack.ground));
    await cluster.must(['kubectl', ...applied], { input: ground });
    const before = await conflicts();
    const jobs = list(stacks.flatMap((stack) => stack.jobs));
    const start = performance.now();
    await cluster.must(['kubectl', ...applied], { input: jobs });
    const complete = ['--for=condition=Complete', `--timeout=${patience}`];
    await cluster.must(['kubectl', 'wait', 'jobs', ...ours, ...complete], { timeout: 1_500_000 });
    const seconds = (performance.now() - start) / 1_000;
    const failures = ['--field-selector=status.phase=Failed', '-o', 'name'];
    const failed = (await cluster.kubectl('get', 'pods', ...ours, ...failures)).split('\n');
    return {
      seconds,
      failed: failed.filter((line) => line !== '').length,
      conflicts: (await conflicts()) - before,
      crossed: crossTalk(await stored(cluster, names)),
    };
  } finally {
    const namespaces = stacks.flatMap(({ ground }) =>
      ground.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name),
    );
    // What is measured next is to have the machine for itself.
    const gone = ['--ignore-not-found', `--timeout=${patience}`];
    await cluster.must(['kubectl', 'delete', 'namespaces', ...namespaces, ...gone], {
      timeout: 1_500_000,
    });
  }
}

async function stored(cluster: Bench['cluster'], names: readonly string[]) {
  const kinds = ['secrets,configmaps', '-A'];
  const { items } = await cluster.get<{ items: readonly StoredObject[] }>(...kinds);
  return byStack(names, items);
}
