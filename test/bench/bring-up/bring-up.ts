import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../cluster/rig.ts';
import type { Bench, Benchmark } from '../benchmark.ts';
import { tags } from '../peer/releases.ts';
import type { Mode } from '../peer/stack.ts';
import { figures, type Round } from './figures.ts';
import { type Reading, reading } from './reading.ts';
import { emptyCluster } from './reset.ts';
import { clock, openWatch } from './watch.ts';
import { bringUpBy, possible, type Way } from './ways.ts';

/** B1 and B2: from the first apply to a blob that is signed and verified, and what went wrong on the way. */
export const bringUp: Benchmark = {
  ids: ['B1', 'B2'],
  title: 'bring-up: from nothing to signed and verified',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    const rounds: Round[] = [];
    try {
      for (const ways of plan(bench)) {
        const round: Partial<Record<Way, Reading>> = {};
        for (const way of ways) {
          const read = await attempt(bench, way, `${rounds.length + 1}`);
          if (read) round[way] = read;
        }
        rounds.push(round);
      }
    } finally {
      await emptyCluster(bench.cluster);
    }
    return figures(rounds);
  },
};

/** The ways of each round. Every other round goes backwards, so that none profits from its place. */
function plan(bench: Bench): Way[][] {
  const { profile, rounds: asked, peers, missing } = bench;
  const quick: Way[] = ['ours, one apply', ...theirs('one apply'), 'ours, stages'];
  const full: Way[] = [...quick, ...theirs('script order')];
  if (peers.length === 0) missing('bring-up of the peer', 'no --peer CHECKOUT was given');
  const ways = possible(bench, profile === 'quick' ? quick : full);
  const length = asked ?? (profile === 'quick' ? 1 : 5);
  const rounds = Array.from({ length }, () => [...ways]);
  return rounds.map((round, index) => (index % 2 === 0 ? round : round.reverse()));
}

const theirs = (mode: Mode) => tags.map((tag): Way => `peer ${tag}, ${mode}`);

/** Our own must come up; a peer that does not leaves its round without a pair, and that is said. */
async function attempt(bench: Bench, way: Way, round: string): Promise<Reading | undefined> {
  const { cluster, say, missing } = bench;
  try {
    const read = await observed(cluster, () => bringUpBy(bench, way, `stages-${round}`));
    const { failedPods, restarts } = read.waste;
    say(`${way}: ${read.verified.toFixed(0)} ms, ${failedPods} failed Pods, ${restarts} restarts`);
    // There should be none; which it was tells where to look.
    if (way === 'ours, stages') for (const complaint of read.complaints) say(`  ${complaint}`);
    return read;
  } catch (error) {
    if (way.startsWith('ours')) throw error;
    missing(`${way}, round ${round}`, (error as Error).message);
    return undefined;
  }
}

/** Runs one bring-up on an empty cluster and tells what was seen of it; `go` resolves to the moment of the signature. */
export async function observed(cluster: Rig, go: () => Promise<number>): Promise<Reading> {
  await emptyCluster(cluster);
  const watch = await openWatch(cluster, ['pods', 'jobs', 'secrets', 'events']);
  try {
    const applied = clock();
    const verified = await go();
    // Events are sent on the side; the last of them may be under way.
    await sleep(1_500);
    return reading(watch.changes, applied, verified);
  } finally {
    await watch.close();
  }
}
