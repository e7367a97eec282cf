import { startApiProxy } from '../../faults/api-proxy.ts';
import { Traffic } from '../../faults/requests.ts';
import type { Benchmark } from '../benchmark.ts';
import type { Figure, Goal } from '../figure.ts';
import type { Loopback } from './loopback.ts';
import { figureOf, inTurn } from './pairs.ts';
import { done } from './process.ts';
import { type Contestant, openTasks, type Task } from './tasks.ts';
import { type Count, counted, verbs } from './verbs.ts';

const runs = ['fresh', 'no-op'] as const;

/** B6: what each Job asks of the API server, by verb. */
export const costRequests: Benchmark = {
  ids: ['B6'],
  title: 'requests to the API server',
  ground: 'empty',
  profiles: ['quick', 'full'],
  async run(bench) {
    await using tasks = await openTasks(bench, 'B6');
    const { at, all } = tasks;
    const figures: Figure[] = [];
    for (const task of all) {
      bench.say(`B6 ${task.name}`);
      figures.push(...(await requests(at, { task, times: bench.profile === 'full' ? 3 : 1 })));
    }
    return figures;
  },
};

type Trial = Readonly<Record<(typeof runs)[number], Count>>;

async function requests(at: Loopback, { task, times }: { task: Task; times: number }) {
  const { name, ours, peer } = task;
  const trial = (one: Contestant) => async (): Promise<Trial> => {
    await one.clear();
    const fresh = await count(at, { one, what: `${name}, fresh` });
    return { fresh, 'no-op': await count(at, { one, what: `${name}, no-op` }) };
  };
  const pairs = await inTurn(times, trial(ours), peer && trial(peer));
  return runs.flatMap((run) => {
    const [mine, theirs] = [pairs.ours[0]?.[run], pairs.peer[0]?.[run]];
    const note = [
      mine && `ours: ${verbs(mine)}, on ${mine.objects} objects`,
      theirs && `Go: ${verbs(theirs)}`,
      task.note,
    ];
    const about = (what: string, goals: readonly Goal[]) => ({
      ...{ id: 'B6', title: `${name}, ${run}: ${what}`, unit: '' },
      ...(run === 'no-op' && { goals }),
      note: note.filter(Boolean).join('; '),
    });
    const limit = (atMost: number): Goal[] => [{ id: 'P8', of: 'max', atMost }];
    return [
      figureOf(pairs, (one) => one[run].reads, about('reads', limit(3))),
      figureOf(pairs, (one) => one[run].writes, about('writes', limit(0))),
    ];
  });
}

async function count(at: Loopback, { one, what }: { one: Contestant; what: string }) {
  const traffic = new Traffic();
  const api = await startApiProxy(at.api, traffic);
  try {
    done(await one.run({ api }), what);
  } finally {
    await api.close();
  }
  return counted(traffic.requests);
}
